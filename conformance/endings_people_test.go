package conformance_test

import (
	"fmt"
	"net/http"
	"slices"

	"pgregory.net/rapid"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/sessions"
)

// An endingAction is a kind of step, and how often it is taken in relation to others.
type endingAction struct {
	often int
	run   func(*endingStep)
}

// endingActions are all that owners, thieves and operators do.
var endingActions = map[string]endingAction{
	"log in":                {5, (*endingStep).logIn},
	"log in at Django":      {5, (*endingStep).logInThere},
	"all log in":            {5, (*endingStep).crowd},
	"look":                  {3, (*endingStep).look},
	"steal a cookie":        {1, (*endingStep).steal},
	"log out":               {1, (*endingStep).logOut},
	"log out at Django":     {1, (*endingStep).logOutThere},
	"change the password":   {2, (*endingStep).changePassword},
	"change it at Django":   {1, (*endingStep).changePasswordThere},
	"begin another address": {2, (*endingStep).beginAddress},
	"confirm an address":    {2, (*endingStep).confirmAddress},
	"ask for a reset":       {1, (*endingStep).askReset},
	"reset the password":    {2, (*endingStep).resetPassword},
	"end one session":       {2, (*endingStep).endOne},
	"end other sessions":    {3, (*endingStep).endOthers},
	"end meanwhile":         {3, (*endingStep).endMeanwhile},
	"this wasn't me":        {3, (*endingStep).notMe},
	"close the account":     {1, (*endingStep).closeAccount},
	"end all sessions":      {2, (*endingStep).endAll},
	"deactivate":            {1, (*endingStep).deactivate},
	"deactivate at Django":  {1, (*endingStep).deactivateThere},
	"activate":              {3, (*endingStep).activate},
	"set a password":        {1, (*endingStep).setPassword},
	"set an address":        {1, (*endingStep).setAddress},
	"rotate the key":        {2, (*endingStep).rotateKey},
	"forget former keys":    {1, (*endingStep).forgetKeys},
	"lose the index":        {1, (*endingStep).loseIndex},
	"housekeeping":          {1, (*endingStep).clean},
}

// oneOf is one of several.
func oneOf[T any](s *endingStep, label string, of []T) T {
	return of[rapid.IntRange(0, len(of)-1).Draw(s.T, label)]
}

func (s *endingStep) anyUser() *endingUser { return oneOf(s, "user", s.users[:]) }

func (s *endingStep) anyClient() *endingClient { return oneOf(s, "client", s.clients) }

// newcomer is who logs in where: mostly a client that is not signed in, and a user whose
// account is open. An operator opens it before, or not.
func (s *endingStep) newcomer() (*endingClient, *endingUser) {
	c, u := s.anyClient(), s.anyUser()
	outside := slices.Clone(s.clients)
	outside = slices.DeleteFunc(outside, func(c *endingClient) bool { return s.here(s.ticket(c.cookie)) })
	if len(outside) > 0 && s.mostly("outside") {
		c = oneOf(s, "outsider", outside)
	}
	if (!u.active || u.password == "") && s.mostly("open") {
		s.open(u)
	}
	return c, u
}

// mostly is true more often than not.
func (s *endingStep) mostly(label string) bool { return rapid.IntRange(0, 3).Draw(s.T, label) < 3 }

// newPassword is one that nobody had.
func (s *endingStep) newPassword() string {
	s.passwords++
	return fmt.Sprintf("canary-tweets-%04d", s.passwords)
}

// insider is a client that is signed in, here or at the Django; without one, somebody
// logs in instead, and it returns nil.
func (s *endingStep) insider(in func(*ticket) bool) (*endingClient, *ticket) {
	var inside []*endingClient
	for _, c := range s.clients {
		if in(s.ticket(c.cookie)) {
			inside = append(inside, c)
		}
	}
	if len(inside) == 0 {
		s.logIn()
		return nil, nil
	}
	c := oneOf(s, "insider", inside)
	return c, s.ticket(c.cookie)
}

// aPassword is the user's, or one that ended.
func (s *endingStep) aPassword(u *endingUser) string {
	if len(u.former) > 0 && (u.password == "" || !s.mostly("present")) {
		return oneOf(s, "password", u.former)
	}
	return u.password
}

// post is a POST to Coatcheck, and postDjango one to the Django.
func (s *endingStep) post(c *endingClient, path string, body fields) (status int, answer fields) {
	s.Helper()
	return s.ask(s, c, http.MethodPost, path, body)
}

func (s *endingStep) postDjango(c *endingClient, path string, body fields) (status int, answer fields) {
	s.Helper()
	return s.askDjango(s, c, http.MethodPost, path, body)
}

// wants checks the status of a response.
func (s *endingStep) wants(what string, status, want int, answer fields) {
	s.Helper()
	if status != want {
		s.Fatalf("%s: %d %v, want %d", what, status, answer, want)
	}
}

func (s *endingStep) logIn() {
	c, u := s.newcomer()
	s.logInHere(c, u, s.aPassword(u))
}

func (s *endingStep) logInThere() {
	c, u := s.newcomer()
	s.logInDjango(c, u, s.aPassword(u))
}

// crowd: every client that is not signed in logs in to one account.
func (s *endingStep) crowd() {
	u := s.anyUser()
	s.open(u)
	for _, c := range s.clients {
		switch {
		case s.here(s.ticket(c.cookie)):
		case rapid.Bool().Draw(s.T, "at Django"):
			s.logInDjango(c, u, u.password)
		default:
			s.logInHere(c, u, u.password)
		}
	}
}

func (s *endingStep) logInHere(c *endingClient, u *endingUser, raw string) {
	s.Helper()
	before := s.ticket(c.cookie)
	good := u.active && u.password != "" && raw == u.password
	same := good && s.here(before) && before.user == u
	status, answer := s.post(c, "/accounts/login/", fields{"username": u.name, "password": raw})
	if !good {
		s.wants("login with what does not open the account", status, http.StatusUnauthorized, answer)
		return
	}
	s.wants("login", status, http.StatusOK, answer)
	if before != nil && before.key == c.cookie && !same {
		s.Fatalf("a login goes on with a session that had ended (%s)", describe(before))
	}
	var notice []sentMail
	if _, known := s.knows(c, u); u.known && !known {
		notice = append(notice, sentMail{kind: linkNotMe, to: u.email})
	}
	t := s.enter(u, before, c.cookie)
	t.mark, t.stamped, t.number, t.indexed = s.mark(u), true, u.number, true
	s.learn(c, u)
	s.expect(u, notice...)
}

func (s *endingStep) logInDjango(c *endingClient, u *endingUser, raw string) {
	s.Helper()
	before := s.ticket(c.cookie)
	status, answer := s.postDjango(c, "/accounts/login/", fields{"username": u.name, "password": raw})
	if !u.active || u.password == "" || raw != u.password {
		s.wants("login at the Django with what does not open the account", status, http.StatusUnauthorized, answer)
		return
	}
	s.wants("login at the Django", status, http.StatusOK, answer)
	s.enter(u, before, c.cookie)
}

func (s *endingStep) look() {
	c := s.anyClient()
	t := s.ticket(c.cookie)
	if t == nil {
		return
	}
	if rapid.Bool().Draw(s.T, "here") {
		s.lookAt(c, t)
		return
	}
	want := s.there(t)
	_, answer := s.askDjango(s, c, http.MethodGet, "/twin/whoami/", nil)
	if in := answer["user"] == t.user.name; in != want {
		s.Fatalf("%s is signed in at the Django: %v; want %v (%s)", c.name, answer, want, describe(t))
	}
	s.lookThere(t, c.cookie)
}

// steal: a client gets a copy of another's cookie.
func (s *endingStep) steal() { s.anyClient().cookie = s.anyClient().cookie }

func (s *endingStep) logOut() {
	c := s.anyClient()
	t := s.ticket(c.cookie)
	status, answer := s.post(c, "/accounts/logout/", fields{})
	s.loggedOut(c, t, status, answer)
}

func (s *endingStep) logOutThere() {
	c := s.anyClient()
	t := s.ticket(c.cookie)
	status, answer := s.postDjango(c, "/accounts/logout/", fields{})
	s.loggedOut(c, t, status, answer)
}

func (s *endingStep) loggedOut(c *endingClient, t *ticket, status int, answer fields) {
	s.wants("logout", status, http.StatusOK, answer)
	if t != nil {
		t.gone = true
	}
	c.cookie = ""
	s.checkAll(false)
}

func (s *endingStep) changePassword() {
	c, t := s.insider(s.here)
	if t == nil {
		return
	}
	s.lookHere(t)
	u, raw := t.user, s.newPassword()
	sent := fields{"old_password": u.password, "new_password1": raw}
	status, answer := s.post(c, "/accounts/password_change/", sent)
	s.wants("change of the password", status, http.StatusOK, answer)
	s.passwordChanged(t, c.cookie, raw)
	s.learn(c, u)
	s.expect(u, sentMail{kind: linkNotMe, to: u.email})
	s.checkAll(false)
}

// passwordChanged: the user of a session, which goes on, has another password.
func (s *endingStep) passwordChanged(t *ticket, key, raw string) {
	s.move(t, key)
	t.user.setPassword(raw)
	t.mark = s.mark(t.user)
}

func (s *endingStep) changePasswordThere() {
	c, t := s.insider(s.there)
	if t == nil {
		return
	}
	u, raw := t.user, s.newPassword()
	status, answer := s.postDjango(c, "/twin/password/", fields{"old": u.password, "new": raw})
	s.wants("change of the password at the Django", status, http.StatusOK, answer)
	s.passwordChanged(t, c.cookie, raw)
	t.indexed = false
	s.checkAll(false)
}

func (s *endingStep) beginAddress() {
	c, t := s.insider(s.here)
	if t == nil {
		return
	}
	s.lookHere(t)
	u := t.user
	others := slices.Clone(u.addresses)
	email := oneOf(s, "email", slices.DeleteFunc(others, func(a string) bool { return a == u.email }))
	status, answer := s.post(c, "/accounts/email/", fields{"email": email, "password": u.password})
	s.wants("change of the address", status, http.StatusOK, answer)
	s.endLinks(u, linkConfirm)
	s.expect(u, sentMail{kind: linkConfirm, to: email}, sentMail{kind: linkNotMe, to: u.email})
}

// aLink is one of a kind, which may have ended; or nil.
func (s *endingStep) aLink(kind string) *endingLink {
	var all []*endingLink
	for _, l := range s.links {
		if l.kind == kind {
			all = append(all, l)
		}
	}
	if len(all) == 0 {
		s.beginAddress()
		return nil
	}
	slices.Reverse(all) // the newest one first
	return oneOf(s, "link", all)
}

func (s *endingStep) confirmAddress() {
	l := s.aLink(linkConfirm)
	if l == nil {
		return
	}
	u := l.user
	good := s.opens(l, 0) && u.email == l.old
	status, answer := s.post(nil, l.path, fields{})
	if !good {
		s.wants("a link to confirm an address that ended", status, http.StatusGone, answer)
		return
	}
	s.wants("confirm", status, http.StatusOK, answer)
	u.email, l.dead = l.to, true
	s.expect(u, sentMail{kind: linkNotMe, to: l.old})
	s.checkLinks(false)
}

func (s *endingStep) askReset() {
	u := s.anyUser()
	email := oneOf(s, "email", u.addresses)
	status, answer := s.post(nil, "/accounts/password_reset/", fields{"email": email})
	s.wants("ask for a reset", status, http.StatusOK, answer)
	var mail []sentMail
	if email == u.email && u.active && !u.closed {
		mail = append(mail, sentMail{kind: linkReset, to: email})
	}
	s.expect(u, mail...)
}

func (s *endingStep) resetPassword() {
	l := s.aLink(linkReset)
	if l == nil {
		return
	}
	u, raw := l.user, s.newPassword()
	good := s.opens(l, s.login(u))
	status, answer := s.post(nil, l.path, fields{"new_password1": raw})
	if !good {
		s.wants("a link to a new password that ended", status, http.StatusGone, answer)
		return
	}
	s.wants("reset", status, http.StatusOK, answer)
	u.setPassword(raw)
	s.expect(u, sentMail{kind: linkNotMe, to: u.email})
	s.checkAll(false)
}

// endOne ends a session that the list shows, which must be what there is.
func (s *endingStep) endOne() {
	c, t := s.insider(s.here)
	if t == nil {
		return
	}
	one := oneOf(s, "session", s.list(c, t))
	id := accounts.SessionID(sessions.Key(one.key))
	status, answer := s.post(c, "/accounts/sessions/end/", fields{"id": id})
	s.wants("end a session", status, http.StatusOK, answer)
	one.gone = true
	s.checkAll(false)
}

// list returns the sessions that the list of a client shows.
func (s *endingStep) list(c *endingClient, t *ticket) []*ticket {
	s.Helper()
	s.lookHere(t)
	status, answer := s.ask(s, c, http.MethodGet, "/accounts/sessions/", nil)
	s.wants("list", status, http.StatusOK, answer)
	return s.listed(t, answer)
}

// listed are the sessions that the list of a client shows.
func (s *endingStep) listed(current *ticket, answer fields) (listed []*ticket) {
	s.Helper()
	shown := map[any]bool{}
	for _, row := range answer["sessions"].([]any) {
		shown[row.(map[string]any)["id"]] = true
	}
	for _, t := range s.tickets {
		if t.user != current.user {
			continue
		}
		in, id := s.here(t), accounts.SessionID(sessions.Key(t.key))
		if shown[id] && !in || in && t.indexed && !shown[id] {
			s.Fatalf("a session that is in: %v, is listed: %v (%s)", in, shown[id], describe(t))
		}
		if shown[id] {
			listed = append(listed, t)
			delete(shown, id)
		}
	}
	if len(shown) > 0 {
		s.Fatalf("%d sessions are listed that nobody made", len(shown))
	}
	return listed
}
