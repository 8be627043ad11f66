// Package sessionlist is the page where users see where they are signed in, and end it.
// It is on floor 4, the views: a feature.
package sessionlist

import (
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/device"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/pages"
	"github.com/coatcheck/coatcheck/sessions"
)

// Where the pages are.
const (
	URL          = pages.Path + "sessions/"
	endURL       = URL + "end/"
	endOthersURL = URL + "end-others/"
)

//go:embed *.html openapi.json
var files embed.FS

// Feature is the pages.
type Feature struct {
	*pages.Kit
	accounts *accounts.Service
}

// New returns the pages; none without a service that ends sessions.
func New(k *pages.Kit, a *accounts.Service) *Feature { return &Feature{k, a} }

// Files are the pages, and their description.
func (*Feature) Files() fs.FS { return files }

// Routes are the addresses.
func (f *Feature) Routes() []pages.Route {
	if f.accounts == nil || !f.accounts.EndsSessions() {
		return nil
	}
	button := func(name, path string, view http.HandlerFunc) pages.Route {
		return pages.Route{
			Name: name, Pattern: path, Methods: []string{http.MethodPost}, Private: true,
			Handler: f.Button(view, URL),
		}
	}
	return []pages.Route{
		f.PrivatePage("sessions", URL, f.list, pages.GET...).
			InMenu(i18n.Mark("Devices")),
		button("end_session", endURL, f.end),
		button("end_other_sessions", endOthersURL, f.endOthers),
	}
}

// Page is what sessions.html shows.
type Page struct {
	Sessions []Row   // the present one first
	Events   []Event // the newest first
	// EndURL and EndOthersURL are where the buttons post to.
	EndURL, EndOthersURL string
}

// Others reports whether the user is signed in elsewhere too.
func (p Page) Others() bool {
	return slices.ContainsFunc(p.Sessions, func(row Row) bool { return !row.Current })
}

// Row is one place where the user is signed in.
type Row struct {
	accounts.SessionInfo
	Device      string // by what, in words
	Kind        string // of the device: "phone", "tablet", "computer", "program", or "" if unknown
	First, Seen pages.Moment
}

// visitor returns the user of a request and the key of the session.
func visitor(r *http.Request) (*auth.User, sessions.Key, error) {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		return nil, "", err
	}
	session, err := sessions.FromContext(r.Context())
	if err != nil {
		return nil, "", err
	}
	return user, session.Key(), nil
}

// list lists where the user is signed in. The present session is written to
// the index before, since it may be one that has not been seen, of a Django's.
func (f *Feature) list(w http.ResponseWriter, r *http.Request) {
	user, current, err := visitor(r)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	f.accounts.Track(r, string(current))
	all, err := f.accounts.Sessions(r.Context(), user, current)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	events, err := f.activity(r, user)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	flow.Emit(r.Context(), "session_list.shown", slog.Int("count", len(all)))
	if !negotiate.HTML(r) {
		pages.JSON(w, http.StatusOK, map[string]any{
			"sessions": sessionsJSON(all), "activity": activityJSON(events),
		})
		return
	}
	t, now := f.Translator(w, r), time.Now().UTC()
	p := Page{EndURL: f.URL(r, "end_session"), EndOthersURL: f.URL(r, "end_other_sessions")}
	for _, s := range all {
		p.Sessions = append(p.Sessions, Row{
			s, deviceName(t, s), device.Kind(s.UserAgent), moment(t, s.FirstSeen, now),
			moment(t, s.LastSeen, now),
		})
	}
	for _, e := range events {
		p.Events = append(p.Events, event(t, e, now))
	}
	f.Render(w, r, http.StatusOK, "sessions.html", p)
}

// moment reports how long ago a time was.
func moment(t *i18n.Translator, at, now time.Time) pages.Moment {
	at = at.UTC()
	return pages.Moment{
		Machine: at.Format(time.RFC3339), Words: t.Relative(at, now),
		Exact: t.Time(at) + " UTC",
	}
}

// deviceName reports by what a user is signed in.
func deviceName(t *i18n.Translator, s accounts.SessionInfo) string {
	switch {
	case s.Browser != "" && s.System != "":
		return t.T("%(browser)s on %(system)s", "browser", s.Browser, "system", s.System)
	case s.Browser+s.System != "":
		return s.Browser + s.System
	}
	return t.T("Unknown device")
}

// sessionJSON is one place in JSON, its times in UTC.
type sessionJSON struct {
	ID        string    `json:"id"`
	Current   bool      `json:"current"`
	Bound     bool      `json:"bound"`
	Browser   string    `json:"browser"`
	System    string    `json:"system"`
	IP        string    `json:"ip"`
	Method    string    `json:"method"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
}

func sessionsJSON(all []accounts.SessionInfo) []sessionJSON {
	out := make([]sessionJSON, len(all))
	for i, s := range all {
		out[i] = sessionJSON{
			s.ID, s.Current, s.Bound, s.Browser, s.System, s.IP, s.Method,
			s.FirstSeen.UTC().Truncate(time.Second), s.LastSeen.UTC().Truncate(time.Second),
		}
	}
	return out
}

// end ends one session of the user; the present one by a logout.
func (f *Feature) end(w http.ResponseWriter, r *http.Request) {
	b, err := pages.ReadBody(w, r)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	t := f.Translator(w, r)
	field := &pages.Field{Name: "id", Label: "id", Required: true}
	id, ok := field.Take(b)
	if !ok {
		f.Refuse(w, r, &pages.Refusal{
			Status:   http.StatusBadRequest,
			Sentence: t.T("Say by its id which session is to end."),
		})
		return
	}
	user, current, err := visitor(r)
	present := err == nil && id == accounts.SessionID(current)
	var these []accounts.SessionInfo
	switch {
	case err != nil:
	case present:
		err = f.Auth().Logout(r)
	default:
		these, err = f.look(r, user, current, func(s accounts.SessionInfo) bool { return s.ID == id })
		if err == nil {
			err = f.accounts.EndSession(hooks.WithRequest(r), user, id)
		}
	}
	switch {
	case errors.Is(err, accounts.ErrNoSession):
		f.Refuse(w, r, &pages.Refusal{
			Status:   http.StatusNotFound,
			Sentence: t.T("There is no such session of yours. Perhaps it has ended already."),
		})
	case err != nil:
		f.Fail(w, r, err)
	case present && negotiate.HTML(r):
		f.Goodbye(w, r, "")
	default:
		f.ended(w, r, these, 1)
	}
}

// endOthers ends every session of the user but the present one.
func (f *Feature) endOthers(w http.ResponseWriter, r *http.Request) {
	if _, err := pages.ReadBody(w, r); err != nil {
		flow.Emit(r.Context(), "body.unread", slog.Any("error", err))
	}
	user, current, err := visitor(r)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	these, err := f.look(r, user, current, func(s accounts.SessionInfo) bool { return !s.Current })
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	n, err := f.accounts.EndOtherSessions(hooks.WithRequest(r), user, current)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	f.ended(w, r, these, n)
}

// look lists those sessions of the user that are to be ended and named afterwards. For a program,
// which is told no names, it lists none.
func (f *Feature) look(
	r *http.Request, user *auth.User, current sessions.Key, these func(accounts.SessionInfo) bool,
) ([]accounts.SessionInfo, error) {
	if !negotiate.HTML(r) {
		return nil, nil
	}
	all, err := f.accounts.Sessions(r.Context(), user, current)
	return slices.DeleteFunc(all, func(s accounts.SessionInfo) bool { return !these(s) }), err
}
