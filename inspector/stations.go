package inspector

import (
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/flow"
)

// station is a place that a request passes on its way down, as people name it.
type station string

// The stations, from the top.
const (
	atBrowser station = "browser"
	atCookie  station = "cookie"
	atSession station = "session"
	atUser    station = "user"
	atView    station = "view"
	atAccess  station = "access"
)

// stations are the places in their order, each with what Django calls what is there.
var stations = []struct {
	at     station
	name   string
	django string
	layer  string
}{
	{atBrowser, "Browser", "GET, POST", "has the key"},
	{atCookie, "Cookie", "sessionid", "3 Middleware"},
	{atSession, "Session", "django_session", "2 Session engine"},
	{atUser, "User", "request.user", "3 Middleware"},
	{atView, "View", "your code", "4 View"},
	{atAccess, "Access", "@login_required", "5 Access control"},
}

// depth is the place of a station, from the top.
func (s station) depth() int {
	for i, known := range stations {
		if known.at == s {
			return i
		}
	}
	return 0
}

// group is where the codes of a group happen, and the page that explains them.
type group struct {
	at   station
	page string
}

// groups has each group of codes of the table but "database".
var groups = map[string]group{
	"session":         {atSession, "session-engines"},
	"https":           {atBrowser, "proxies"},
	"host":            {atBrowser, "proxies"},
	"proxy":           {atBrowser, "proxies"},
	"origin":          {atBrowser, "csrf"},
	"csrf":            {atCookie, "csrf"},
	"remote":          {atUser, "remote-user"},
	"cookie":          {atCookie, "flow#3-a-request-with-the-cookie"},
	"user":            {atUser, "flow#why-is-this-session-signed-out"},
	"throttle":        {atUser, "throttling"},
	"password":        {atUser, "passwords"},
	"authenticate":    {atUser, "flow#2-a-login-checks-the-password-and-creates-the-session"},
	"login":           {atView, "flow#2-a-login-checks-the-password-and-creates-the-session"},
	"logout":          {atView, "flow#5-a-logout-ends-the-session"},
	"home":            {atView, "templates"},
	"public":          {atView, "library"},
	"docs":            {atView, "server"},
	"profile":         {atView, "user-fields"},
	"view":            {atView, "api"},
	"body":            {atView, "api"},
	"next":            {atView, "library"},
	"acting":          {atView, "hooks"},
	"language":        {atView, "translations"},
	"signup":          {atView, "signup"},
	"invitation":      {atView, "signup"},
	"link":            {atView, "mail"},
	"email":           {atView, "mail"},
	"cleaner":         {atView, "telemetry"},
	"notice":          {atView, "not-me"},
	"rescue":          {atView, "not-me"},
	"session_list":    {atView, "sessions"},
	"password_change": {atView, "password-change"},
	"reset":           {atView, "password-reset"},
	"email_change":    {atView, "email-change"},
	"close":           {atView, "close-account"},
	"confirm":         {atView, "recent-proof"},
	"code":            {atView, "two-factor"},
	"two_factor":      {atView, "two-factor"},
	"passkey":         {atView, "passkeys"},
	"binding":         {atView, "device-bound"},
	"oidc":            {atView, "oidc"},
	"name":            {atView, "name"},
	"access":          {atAccess, "library"},
}

// elsewhere are codes that happen elsewhere than the others of their group.
var elsewhere = map[flow.Code]station{
	"login.done": atUser, "logout.done": atUser, "csrf.explained": atView,
	"session.refused_unsaved": atCookie, "session.refused_interrupted": atCookie,
	"session.store_read_only": atCookie,
}

// databasePage explains statements.
const databasePage = "databases"

// groupOf returns the part of a code before the dot.
func groupOf(c flow.Code) string {
	name, _, _ := strings.Cut(string(c), ".")
	return name
}

// stationOf returns where an event happens. The code of a program is one of the view.
func stationOf(e flow.Event) station {
	if at, ok := elsewhere[e.Code]; ok {
		return at
	}
	if e.Code.Layer() == flow.Database {
		return stationOfRow(e)
	}
	if g, ok := groups[groupOf(e.Code)]; ok {
		return g.at
	}
	return atView
}

// stationOfRow returns whose rows a statement is about, by its tables.
func stationOfRow(e flow.Event) station {
	for _, a := range e.Attrs {
		if a.Key != "table" {
			continue
		}
		tables := strings.Split(flow.Text(a), ",")
		switch {
		case slices.ContainsFunc(tables, func(t string) bool { return strings.HasSuffix(t, "_session") }):
			return atSession
		case slices.Contains(tables, "coatcheck_link"):
			return atView
		}
	}
	return atUser
}

// docsOf returns the page that explains a code, "flow" or "flow#heading".
func docsOf(c flow.Code) string {
	if c.Layer() == flow.Database {
		return databasePage
	}
	if g, ok := groups[groupOf(c)]; ok {
		return g.page
	}
	return "flow#a-sink-of-your-own"
}
