package conformance_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/vectors"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
)

// A flowStep is a record of the topic flows: a request to a recorded Django site,
// its response, and the sessions and users that there are afterwards.
type flowStep struct {
	Flow     string
	Step     int
	Now      time.Time
	Settings map[string]any
	Request  struct {
		Method, URL string
		Body        map[string]string
		Secure      bool
		Headers     map[string]string
		Cookies     map[string]string
	}
	Response struct {
		Status    int
		Headers   map[string]string
		SetCookie []string `json:"set_cookie"`
		Body      string
	}
	Sessions []flowSession
	Users    []flowUser
	Mails    []flowMail // of a record of that kind
}

// A flowSession is a row of django_session, its data decoded.
type flowSession struct {
	Key     string
	Data    map[string]any
	Expires time.Time `json:"expire_date"`
}

// A flowUser is a row of auth_user.
type flowUser struct {
	ID                        int
	Username, Password, Email string
	Active                    bool
	LastLogin                 *time.Time `json:"last_login"`
}

// in reports whether a step is one of these of a flow.
func (s *flowStep) in(flow string, steps ...int) bool {
	return s.Flow == flow && slices.Contains(steps, s.Step)
}

// notReplayed names what is left out, with the reason; each is counted. To enrol
// a flow or a step, delete its line. Without steps the whole flow is meant, and the
// emails that it sent, which are records of a kind of their own.
var notReplayed = []struct {
	flow, reason string
	steps        []int
}{
	{"remote user", "replayed by TestRemoteUserVectors in package middleware", nil},
	{"password reset with login", "post_reset_login: nobody is signed in by a link here", nil},
}

// leftOut is the reason why a step is not replayed, or "".
func leftOut(flow string, step int) string {
	for _, out := range notReplayed {
		if out.flow == flow && (out.steps == nil || slices.Contains(out.steps, step)) {
			return out.reason
		}
	}
	return ""
}

// TestFlows sends the recorded requests of every Django, flow by flow, to a
// Coatcheck that listens on a port, and compares status, headers, cookies and
// body, and the rows of sessions and users. The random keys and tokens are
// others; each of ours has to stand wherever the one stands that it stands for.
func TestFlows(t *testing.T) {
	t.Parallel()
	replayed, out, differing := 0, map[string]int{}, make([]int, len(flowDifferences))
	var w *flowWorld
	for _, v := range vectors.Load(t, "flows") {
		var s flowStep
		v.DecodeAll(t, &s)
		if reason := leftOut(s.Flow, s.Step); reason != "" {
			out[reason]++
			continue
		}
		name := v.Django() + " " + s.Flow
		if w == nil || w.name != name {
			w = newFlowWorld(t, name, &s)
		}
		var wrong []string
		switch v.Kind() {
		case "step":
			wrong = w.replay(&s, func(i int) { differing[i]++ })
		case "mails":
			wrong = w.mails(&s)
		default:
			t.Fatalf("%v: nobody knows this kind", v)
		}
		for _, text := range wrong {
			t.Errorf("%v, %s, step %d: %s", v, s.Flow, s.Step, text)
		}
		replayed++
	}
	for i, n := range differing {
		t.Logf("%d times: %s", n, flowDifferences[i].reason)
		if n == 0 {
			t.Errorf("no step differs so any more; take it out: %s", flowDifferences[i].reason)
		}
	}
	for reason, n := range out {
		t.Logf("not replayed, %d records: %s", n, reason)
	}
	for _, line := range notReplayed {
		if out[line.reason] == 0 {
			t.Errorf("there are no such records: %s %v", line.flow, line.steps)
		}
	}
	t.Logf("%d records replayed", replayed)
}

// flowDifferences are the responses that differ on purpose. A rule names the steps
// and turns the recorded response into that of Coatcheck.
var flowDifferences = []struct {
	reason  string
	applies func(w *flowWorld, s *flowStep) bool
	amend   func(w *flowWorld, s *flowStep)
}{
	{
		"OPTIONS has no body: 204 and no Cache-Control; Django answers 200 with an empty one",
		func(_ *flowWorld, s *flowStep) bool { return s.Request.Method == "OPTIONS" },
		func(_ *flowWorld, s *flowStep) {
			s.Response.Status, s.Response.Headers["Allow"] = 204, "POST, OPTIONS"
			delete(s.Response.Headers, "Cache-Control")
		},
	},
	{
		"logging out takes a POST, as since Django 5; older ones take every method",
		func(w *flowWorld, s *flowStep) bool { return w.old && s.in("logout", 3, 4, 5) },
		func(w *flowWorld, s *flowStep) {
			if s.Request.Method != "OPTIONS" {
				s.Response.Status = 405
			}
			if s.Step == 3 { // later the session is gone on both sides
				s.Response.SetCookie, s.Sessions = nil, w.before.Sessions
			}
		},
	},
	{
		"whoever is signed in and comes to the logout by a link is shown a button, with a token; Django answers with an empty page",
		func(w *flowWorld, s *flowStep) bool { return s.in("logout", 3) || !w.old && s.in("logout", 4) },
		func(_ *flowWorld, s *flowStep) { s.offerForm() },
	},
	{
		"a session that ended meanwhile is reported with the headers of every answer; Django's page has none",
		func(_ *flowWorld, s *flowStep) bool { return s.in("errors", 5) },
		func(_ *flowWorld, s *flowStep) {
			s.Response.Headers["X-Frame-Options"], s.Response.Headers["Vary"] = "DENY", "Cookie"
		},
	},
	{
		"the page about a form that is refused is in the visitor's language, which a cookie may name; Django's is in English",
		func(_ *flowWorld, s *flowStep) bool { return s.Request.Method == "POST" && s.Response.Status == 403 },
		func(_ *flowWorld, s *flowStep) { s.Response.Headers["Vary"] = "Cookie" },
	},
	{
		"a logout that would lead to itself shows its page, as Django does since 4 for an unsafe next",
		func(w *flowWorld, s *flowStep) bool {
			return s.Request.Method == "POST" && s.Response.Headers["Location"] == "/accounts/logout/"
		},
		func(_ *flowWorld, s *flowStep) {
			s.Response.Status = 200
			delete(s.Response.Headers, "Location")
		},
	},
	{
		"a permission that a visitor lacks who is not signed in leads to the login page, with raise_exception too",
		func(_ *flowWorld, s *flowStep) bool { return s.in("access control", 4) },
		func(_ *flowWorld, s *flowStep) {
			s.Response.Status = 302
			s.Response.Headers["Location"] = "/accounts/login/?next=/perm403/"
		},
	},
	{
		"a user who is signed in and fails a test is refused by name; Django redirects to an empty login form",
		func(_ *flowWorld, s *flowStep) bool { return s.in("access control", 14, 16) },
		func(_ *flowWorld, s *flowStep) {
			s.Response.Status = 403
			delete(s.Response.Headers, "Location")
		},
	},
	{
		"a login page that would lead to itself leads to where logins do, or is shown; Django raises an error",
		func(_ *flowWorld, s *flowStep) bool { return s.in("redirect_authenticated_user", 6, 7) },
		func(_ *flowWorld, s *flowStep) {
			s.Response.Body = ""
			if s.Step == 7 {
				s.Response.Status = 200
				s.offerForm()
				return
			}
			s.Response.Status, s.Response.Headers["Location"] = 302, "/accounts/profile/"
		},
	},
	{
		"whoever changed the password is led to the profile, which says so once (SuccessMessageMixin); Django to a page of its own",
		func(_ *flowWorld, s *flowStep) bool {
			return s.Response.Headers["Location"] == "/accounts/password_change/done/"
		},
		func(_ *flowWorld, s *flowStep) { s.leadTo("/accounts/profile/", aNotice) },
	},
	{
		"whoever set a password by a link is led to the login, with the name filled in; Django to a page of its own",
		func(_ *flowWorld, s *flowStep) bool { return s.Response.Headers["Location"] == "/accounts/reset/done/" },
		func(_ *flowWorld, s *flowStep) {
			s.leadTo("/accounts/login/", "coatcheck_note=a name; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax", aNotice)
		},
	},
	{
		"and so is whoever asks for that page",
		func(_ *flowWorld, s *flowStep) bool { return s.in("password reset", 18) },
		func(_ *flowWorld, s *flowStep) {
			s.Response.Status, s.Response.Body, s.Response.Headers["Vary"] = 302, "", "Accept"
			s.leadTo("/accounts/login/")
		},
	},
	{
		"the page after a link was asked for names the address, which a cookie keeps for it",
		func(_ *flowWorld, s *flowStep) bool {
			return s.Response.Headers["Location"] == "/accounts/password_reset/done/"
		},
		func(_ *flowWorld, s *flowStep) {
			s.leadTo("/accounts/password_reset/done/", fmt.Sprintf("coatcheck_note=an address %d; Path=/; "+
				"Max-Age=3600; HttpOnly; SameSite=Lax", s.Step))
		},
	},
	{
		"the page about a link that is no good has no form, and sets no CSRF cookie",
		func(_ *flowWorld, s *flowStep) bool { return strings.Contains(s.Response.Body, "valid=False") },
		func(w *flowWorld, s *flowStep) { w.showsNoForm(s) },
	},
	{
		"with CSRF_USE_SESSIONS the secret of a visitor without a session is in a cookie; Django creates a session",
		func(_ *flowWorld, s *flowStep) bool { return s.in("csrf in session", 1) },
		func(_ *flowWorld, s *flowStep) {
			s.Response.SetCookie = []string{s.csrfCookie(s.Sessions[0].Data["_csrftoken"].(string), "; HttpOnly")}
			s.Sessions = nil
		},
	},
	{
		"and the cookie is deleted when a login creates a session",
		func(_ *flowWorld, s *flowStep) bool { return s.in("csrf in session", 2) },
		func(_ *flowWorld, s *flowStep) {
			s.Request.Cookies = map[string]string{"csrftoken": s.Request.Body["csrfmiddlewaretoken"]}
			s.Response.SetCookie = append([]string{
				`csrftoken=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax`,
			}, s.Response.SetCookie...)
		},
	},
	{
		"what the pages for a forgotten password answer is in the visitor's language, which a cookie may name",
		func(_ *flowWorld, s *flowStep) bool { return s.in("password reset", 2, 3, 4, 6) },
		func(_ *flowWorld, s *flowStep) { s.Response.Headers["Vary"] = "Cookie" },
	},
	{
		"a session of a user id that is none is nobody's; Django raises an error",
		func(_ *flowWorld, s *flowStep) bool { return s.in("bad session contents", 8) },
		func(_ *flowWorld, s *flowStep) {
			s.Response.Status, s.Response.Body = 200, `{"user": "", "auth": false}`
		},
	},
	{
		"the session of an inactive user ends at the first look (inactive-user-session); in Django it waits for the user to be active again",
		func(_ *flowWorld, s *flowStep) bool { return s.in("inactive / deleted / changed", 3, 4, 5) },
		func(_ *flowWorld, s *flowStep) {
			s.Sessions = nil
			s.Response.SetCookie = append(s.Response.SetCookie, `sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax`)
			if s.Step == 5 {
				s.Response.Body = `{"user": "", "auth": false}`
			}
		},
	},
	{
		"a session whose hash a former key made keeps its key (former-key-session); Django gives it another",
		func(w *flowWorld, s *flowStep) bool {
			return s.in("secret key rotation", 3, 4) && len(w.before.Sessions) == 1
		},
		func(w *flowWorld, s *flowStep) { w.keepsKey(s) },
	},
}

// keepsKey lets the session of a step keep the key that it had before.
func (w *flowWorld) keepsKey(s *flowStep) {
	before, now := w.before.Sessions[0].Key, s.Sessions[0].Key
	s.Sessions[0].Key = before
	s.Request.Cookies[sessions.DefaultCookieName] = before
	for i, line := range s.Response.SetCookie {
		s.Response.SetCookie[i] = strings.ReplaceAll(line, now, before)
	}
}

// showsNoForm turns the response into a page without a form. The recorded template sets a
// CSRF cookie all the same, whose value stands for itself from then on.
func (w *flowWorld) showsNoForm(s *flowStep) {
	for _, line := range s.Response.SetCookie {
		value := cookieValue.FindStringSubmatch(line)[2]
		if w.ours[value] == "" {
			w.pair(value, value)
		}
	}
	s.Response.SetCookie = nil
}

// aNotice is the cookie of the messages, where a notice waits for the next page.
const aNotice = "messages=a notice; HttpOnly; Path=/; SameSite=Lax"

// leadTo lets the response lead to another page, with these cookies first.
func (s *flowStep) leadTo(path string, cookies ...string) {
	s.Response.Headers["Location"] = path
	s.Response.SetCookie = append(cookies, s.Response.SetCookie...)
}

// offerForm turns the response into a page with a form, so with a CSRF token.
func (s *flowStep) offerForm() {
	s.Response.Headers["Vary"] = "Cookie"
	s.Response.SetCookie = append(s.Response.SetCookie, s.csrfCookie(s.Request.Cookies["csrftoken"], ""))
}

// csrfCookie is the line that sets the cookie with the secret.
func (s *flowStep) csrfCookie(secret, httpOnly string) string {
	expires := s.Now.Add(middleware.DefaultCSRFCookieAge).UTC().Format(http.TimeFormat)
	return "csrftoken=" + secret + "; expires=" + expires + httpOnly + "; Max-Age=31449600; Path=/; SameSite=Lax"
}

// flowEvents are what happened to the recorded site between two requests.
var flowEvents = []struct {
	flow  string
	steps []int
	do    func(w *flowWorld, s *flowStep)
}{
	{"inactive / deleted / changed", []int{3, 5, 6}, (*flowWorld).copyUsers},
	{"user deleted", []int{3}, (*flowWorld).copyUsers},
	{"bad session contents", []int{3, 4, 8, 11, 14, 17}, (*flowWorld).copySession},
	{"bad session contents", []int{5}, func(w *flowWorld, s *flowStep) { w.editSession(s, "_auth_user_hash", nil) }},
	{"expired session", []int{3}, (*flowWorld).copySession},
	{"access control", []int{17}, func(w *flowWorld, _ *flowStep) { w.exec("UPDATE auth_user SET is_superuser = 1") }},
}

// happen lets happen what happened before the step.
func (w *flowWorld) happen(s *flowStep) {
	for _, event := range flowEvents {
		if s.in(event.flow, event.steps...) {
			event.do(w, s)
		}
	}
}

// flowKeys are the SECRET_KEY and its fallbacks at a step. The flows about the
// change of keys begin with a former one, which is not among the settings.
func flowKeys(t *testing.T, s *flowStep) (key string, fallbacks []string) {
	key = "coatcheck-vector-secret-key-0123456789abcdefghijklmnopqrstuvwxyz"
	if strings.HasPrefix(s.Flow, "secret key rotation") && s.Step < 3 {
		key = "old-secret-key-that-was-used-before-rotation-000000000000000"
	}
	for name, value := range s.Settings {
		switch name {
		case "SECRET_KEY":
			key = value.(string)
		case "SECRET_KEY_FALLBACKS":
			for _, one := range value.([]any) {
				fallbacks = append(fallbacks, one.(string))
			}
		case "LOGIN_URL", "LOGIN_REDIRECT_URL", "LOGOUT_REDIRECT_URL": // of the site
		default:
			t.Fatalf("%s: an unknown setting: %s", s.Flow, name)
		}
	}
	return key, fallbacks
}

// text is a setting at a step, or "".
func (s *flowStep) text(setting string) string {
	if s.Settings[setting] == nil {
		return ""
	}
	return fmt.Sprint(s.Settings[setting])
}
