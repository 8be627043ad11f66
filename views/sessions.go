package views

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/sessions"
)

// Where users see where they are signed in, and end it.
const (
	SessionsURL         = Path + "sessions/"
	endSessionURL       = SessionsURL + "end/"
	endOtherSessionsURL = SessionsURL + "end-others/"
)

// endedField in the query of the list tells it to say how many sessions were ended.
// Nothing follows from it but that sentence.
const endedField = "ended"

// maxEnded bounds the number that it says.
const maxEnded = 9999

// SessionsPage is what sessions.html shows.
type SessionsPage struct {
	Notice   string
	Sessions []SessionRow // the present one first
	// EndURL and EndOthersURL are where the buttons post to.
	EndURL, EndOthersURL string
}

// SessionRow is one place where the user is signed in.
type SessionRow struct {
	accounts.SessionInfo
	Device      string // by what, in words
	First, Seen Moment
}

func (v *Views) sessionRoutes() []Route {
	post := []string{http.MethodPost}
	return []Route{
		{"sessions", SessionsURL, page, true, v.private(v.listSessions, page...)},
		{"end_session", endSessionURL, post, true, v.button(v.endSession)},
		{"end_other_sessions", endOtherSessionsURL, post, true, v.button(v.endOtherSessions)},
	}
}

// button makes a handler of what a button of the list does. Whoever was sent to the
// login page on the way comes back by GET, and to the list.
func (v *Views) button(view http.HandlerFunc) http.Handler {
	posted := v.private(view, http.MethodPost)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !negotiate.HTML(r) {
			posted.ServeHTTP(w, r)
			return
		}
		v.account(func(w http.ResponseWriter, r *http.Request) { v.redirect(w, r, SessionsURL) }, http.MethodGet).ServeHTTP(w, r)
	})
}

// visitor gives the user of a request and the key of the session.
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

// listSessions lists where the user is signed in. The present session is written to
// the index before, since it may be one that has not been seen, of a Django's.
func (v *Views) listSessions(w http.ResponseWriter, r *http.Request) {
	user, current, err := visitor(r)
	if err != nil {
		v.fail(w, r, err)
		return
	}
	v.config.Accounts.Track(r, string(current))
	all, err := v.config.Accounts.Sessions(r.Context(), user, current)
	if err != nil {
		v.fail(w, r, err)
		return
	}
	flow.Emit(r.Context(), "session_list.shown", slog.Int("count", len(all)))
	if !negotiate.HTML(r) {
		sayJSON(w, http.StatusOK, map[string]any{"sessions": sessionsJSON(all)})
		return
	}
	t, now := v.translator(w, r), time.Now().UTC()
	p := SessionsPage{EndURL: endSessionURL, EndOthersURL: endOtherSessionsURL}
	for _, s := range all {
		p.Sessions = append(p.Sessions, SessionRow{s, deviceName(t, s), moment(t, s.FirstSeen, now), moment(t, s.LastSeen, now)})
	}
	if n, err := strconv.Atoi(query(r)[endedField].text); err == nil && n >= 0 && n <= maxEnded {
		p.Notice = t.N("%(n)d session was ended.", "%(n)d sessions were ended.", n)
	}
	v.Render(w, r, http.StatusOK, "sessions.html", p)
}

// moment says how long ago a time was.
func moment(t *i18n.Translator, at, now time.Time) Moment {
	at = at.UTC()
	return Moment{at.Format(time.RFC3339), t.Relative(at, now), t.Time(at) + " UTC"}
}

// deviceName says by what a user is signed in.
func deviceName(t *i18n.Translator, s accounts.SessionInfo) string {
	switch {
	case s.Browser != "" && s.System != "":
		return t.T("%(browser)s on %(system)s", "browser", s.Browser, "system", s.System)
	case s.Browser+s.System != "":
		return s.Browser + s.System
	}
	return t.T("A device that does not say what it is")
}

// sessionJSON is one place in JSON, its times in UTC.
type sessionJSON struct {
	ID        string    `json:"id"`
	Current   bool      `json:"current"`
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
			s.ID, s.Current, s.Browser, s.System, s.IP, s.Method,
			s.FirstSeen.UTC().Truncate(time.Second), s.LastSeen.UTC().Truncate(time.Second),
		}
	}
	return out
}

// endSession ends one session of the user; the present one by a logout.
func (v *Views) endSession(w http.ResponseWriter, r *http.Request) {
	b, err := readBody(w, r)
	if err != nil {
		v.fail(w, r, err)
		return
	}
	t := v.translator(w, r)
	field := &Field{Name: "id", Label: "id", Required: true}
	id, ok := field.take(b)
	if !ok {
		v.refuse(w, r, &refusal{http.StatusBadRequest, t.T("Say by its id which session is to end.")})
		return
	}
	user, current, err := visitor(r)
	present := err == nil && id == accounts.SessionID(current)
	switch {
	case err != nil:
	case present:
		err = v.config.Auth.Logout(r)
	default:
		err = v.config.Accounts.EndSession(hooks.WithRequest(r), user, id)
	}
	switch {
	case errors.Is(err, accounts.ErrNoSession):
		v.refuse(w, r, &refusal{http.StatusNotFound, t.T("There is no such session of yours. Perhaps it has ended already.")})
	case err != nil:
		v.fail(w, r, err)
	case present && negotiate.HTML(r):
		v.sayGoodbye(w, r, "")
	default:
		v.ended(w, r, 1)
	}
}

// endOtherSessions ends every session of the user but the present one.
func (v *Views) endOtherSessions(w http.ResponseWriter, r *http.Request) {
	if _, err := readBody(w, r); err != nil {
		flow.Emit(r.Context(), "body.unread", slog.Any("error", err))
	}
	user, current, err := visitor(r)
	if err != nil {
		v.fail(w, r, err)
		return
	}
	n, err := v.config.Accounts.EndOtherSessions(hooks.WithRequest(r), user, current)
	if err != nil {
		v.fail(w, r, err)
		return
	}
	v.ended(w, r, n)
}

// ended says how many sessions were ended.
func (v *Views) ended(w http.ResponseWriter, r *http.Request, n int) {
	flow.Emit(r.Context(), "session_list.ended", slog.Int("count", n))
	if negotiate.HTML(r) {
		v.redirect(w, r, withQuery(SessionsURL, endedField, strconv.Itoa(min(n, maxEnded))))
		return
	}
	message := "Sessions ended"
	if n == 1 {
		message = "Session ended"
	}
	sayJSON(w, http.StatusOK, map[string]any{"message": message, "ended": n})
}
