package inspector_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts/passkeys"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/inspector"
	"github.com/coatcheck/coatcheck/views"
)

const (
	wrongCanary = "wrong-canary-0453"
	newCanary   = "newer-canary-0454"
	query       = "query-canary-0455"
)

// walk goes through every flow that has a secret, and collects them.
type walk struct {
	*client
	secrets map[string]bool
}

func (w *walk) get(path string, header ...string) answer {
	w.t.Helper()
	return w.note(w.client.get(path, header...))
}

func (w *walk) post(path string, pairs ...string) answer {
	w.t.Helper()
	token := tokenField.FindStringSubmatch(w.get(path).text)
	if token != nil {
		pairs = append(pairs, "csrfmiddlewaretoken", token[1])
	}
	return w.note(w.client.post(path, pairs...))
}

var tokenField = regexp.MustCompile(`name="csrfmiddlewaretoken" value="(\w+)"`)

// note notes the secrets of a response.
func (w *walk) note(a answer) answer {
	for _, c := range a.Cookies() {
		if c.Name != "messages" && c.Value != "" && c.MaxAge >= 0 {
			w.secrets[c.Value] = true
			w.secrets[c.Value[:len(c.Value)/2]] = true
		}
	}
	for _, token := range tokenField.FindAllStringSubmatch(a.text, -1) {
		w.secrets[token[1]] = true
	}
	return a
}

var emailLink = regexp.MustCompile(`http://site\.example(/accounts/\S+/)`)

// link delivers the emails, and returns the path of the last link that begins like this.
func (w *walk) link(begin string) (link string) {
	w.t.Helper()
	for sent := true; sent; {
		var err error
		if sent, err = w.Accounts.SendNext(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
	for _, m := range emailLink.FindAllStringSubmatch(w.emails.all(), -1) {
		if strings.HasPrefix(m[1], begin) {
			link = m[1]
			w.secrets[path.Base(link)] = true
		}
	}
	if link == "" {
		w.t.Fatalf("no link to %s in %s", begin, w.emails.all())
	}
	return link
}

// flows is the walk.
func (w *walk) flows() {
	w.post("/accounts/signup/", "username", "ada", "email", "ada@example.com", "password", canary)
	confirm := w.link("/accounts/signup/confirm/")
	w.post(confirm)
	w.post(confirm + "?x=" + query) // again
	w.post("/accounts/login/", "username", "ada", "password", wrongCanary)
	w.post("/accounts/login/", "username", canary, "password", "ada") // the fields mixed up
	w.client.post("/accounts/login/", "username", "ada", "password", canary)
	w.post("/accounts/login/", "username", "ada", "password", canary, "next", confirm+"?x="+query)
	w.get("/?x="+query, "Referer", w.server.URL+confirm+"?x="+query)
	w.get("/accounts/profile/", "Authorization", "Bearer "+wrongCanary)
	w.post("/accounts/password_change/", "old_password", wrongCanary, "new_password1", newCanary)
	w.post("/accounts/password_change/", "old_password", canary, "new_password1", newCanary)
	w.post("/accounts/email/", "email", "countess@example.com", "password", newCanary)
	w.post(w.link("/accounts/email/confirm/"))
	w.get("/accounts/sessions/")
	other := &walk{w.browser(), w.secrets}
	other.post("/accounts/login/", "username", "ada", "password", newCanary)
	other.get("/accounts/profile/", "Origin", "https://evil.example/"+newCanary)
	w.post("/accounts/logout/", "next", confirm)
	w.get(inspector.DefaultPath + "tour/old-cookie")
	w.get(inspector.DefaultPath + "tour/without")
	w.post(w.link("/accounts/not-me/"))
	w.post("/accounts/password_reset/", "email", "countess@example.com")
	reset := w.link("/accounts/reset/")
	w.get(reset)
	w.post(path.Dir(path.Clean(reset))+"/set-password/", "new_password1", canary+"x", "new_password2", canary+"x")
	w.post("/accounts/login/", "username", "ada", "password", canary+"x")
	w.post("/accounts/close/", "password", canary+"x", "understand", "on")
	w.get("/accounts/reset/"+strings.Repeat(query, 200)+"/"+newCanary+"0123456789/", "Cookie", "sessionid="+newCanary+newCanary)
	w.get("/token/"+path.Base(reset)+"/", "Cookie", `sessionid="`+path.Base(confirm)+`"`)
	w.client.send(http.MethodPost, "/accounts/login/", "username=ada&password="+canary, "Origin", "https://evil.example/"+query)
}

// send is post of JSON, whose response it reads.
func (w *walk) send(path string, body map[string]string, into any) int {
	w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	token := w.cookie("csrftoken")
	header := []string{"Content-Type", "application/json", "Accept", "application/json", "X-CSRFToken", token}
	if path == "/accounts/passkeys/login/" { // which an address has none of
		header = append(header, "Host", "localhost")
	}
	a := w.note(w.client.send(http.MethodPost, path, string(text), header...))
	if into != nil && json.Unmarshal([]byte(a.text), into) != nil {
		w.t.Fatalf("%s: %d %s", path, a.StatusCode, a.text)
	}
	return a.StatusCode
}

// factors goes through the flows of a second factor and of passkeys.
func (w *walk) factors() {
	w.CreateUser("grace", canary)
	w.post("/accounts/login/", "username", "grace", "password", canary)
	var offered struct {
		Key, URL string
		Codes    []string `json:"recovery_codes"`
	}
	a := w.get("/accounts/two_factor/add/", "Accept", "application/json")
	if err := json.Unmarshal([]byte(a.text), &offered); err != nil || offered.Key == "" {
		w.t.Fatalf("%d %s: %v", a.StatusCode, a.text, err)
	}
	key := strings.ReplaceAll(offered.Key, " ", "")
	w.secrets[offered.Key], w.secrets[key] = true, true
	code, err := totp.GenerateCode(key, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	w.send("/accounts/two_factor/add/", map[string]string{"code": code, "password": canary}, &offered)
	for _, code := range offered.Codes {
		w.secrets[code] = true
	}
	w.send("/accounts/passkeys/add/", map[string]string{"name": "key", "credential": query}, nil)
	w.post("/accounts/logout/")
	w.post("/accounts/login/", "username", "grace", "password", canary)
	w.post("/accounts/login/code/", "code", "wrong-code-"+wrongCanary)
	w.post("/accounts/login/code/", "code", offered.Codes[0])
	w.send("/accounts/two_factor/remove/", map[string]string{"code": offered.Codes[1], "password": canary}, nil)
	w.post("/accounts/logout/")
	w.send("/accounts/passkeys/login/", map[string]string{"credential": `{"id": "` + wrongCanary + `"}`}, nil)
}

// TestCanary: passwords, keys, tokens, cookies and queries of every flow are in no page, no JSON
// and no stream of the inspector, whatever guards the site.
func TestCanary(t *testing.T) {
	for _, guard := range []coatcheck.Guard{coatcheck.GuardBoth, coatcheck.GuardCrossOrigin} {
		t.Run(string(guard), func(t *testing.T) {
			s := newSite(t, inspector.Config{}, func(c *coatcheck.Config) {
				c.Web.Guard, c.Views.SignupVerification = guard, true
				c.Views.Extras = []views.Extra{passkeys.New(passkeys.Options{})}
			})
			w := &walk{s.browser(), map[string]bool{canary: true, wrongCanary: true, newCanary: true, query: true}}
			w.flows()
			(&walk{s.browser(), w.secrets}).factors()
			if len(w.secrets) < 20 {
				t.Fatalf("only %d secrets were planted", len(w.secrets))
			}
			seen := w.look("").Requests
			codes := map[string]bool{}
			check := func(where, text string) {
				t.Helper()
				for secret := range w.secrets {
					if i := strings.Index(text, secret); i >= 0 {
						t.Fatalf("%s: %q is in it: %s", where, secret, text[max(0, i-200):min(len(text), i+200)])
					}
				}
			}
			check("the list", w.client.get(inspector.DefaultPath).text)
			check("the list in JSON", w.client.get(inspector.DefaultPath, "Accept", "application/json").text)
			events := s.follow(s.server.URL, "", "")
			for _, r := range seen {
				at := fmt.Sprintf("?open=%d&with=%d", r.ID, seen[0].ID)
				check(at, w.client.get(inspector.DefaultPath+at).text)
				check(at, w.client.get(inspector.DefaultPath+at, "Accept", "application/json").text)
				check("the stream", events.next("request"))
				for _, s := range w.look(at).Open.Steps {
					codes[s.Code] = true
				}
			}
			for _, code := range []string{
				"signup.confirmed", "login.done", "authenticate.failed", "password_change.done", "email_change.done", "rescue.done", "reset.done",
				"two_factor.added", "code.refused", "two_factor.removed",
				"close.done", "logout.done", "session.missing", "origin.refused", "user.found",
			} {
				if !codes[code] {
					t.Errorf("the walk comes past no %s", code)
				}
			}
		})
	}
}

// TestVerdictOfCodes: each code that refuses or fails says so, and no other.
func TestVerdictOfCodes(t *testing.T) {
	verdicts := map[string]string{}
	for _, m := range flow.Codes() {
		verdicts[string(m.Code)] = string(m.Code.Verdict())
		says := strings.Contains(m.Sentence, "refused") || strings.Contains(m.Sentence, "AnonymousUser: the") ||
			strings.Contains(m.Sentence, "redirected to the login page") || strings.Contains(m.Sentence, "ended because")
		if says && m.Code.Verdict() == flow.Done {
			t.Errorf("%s (%s) counts as done", m.Code, m.Sentence)
		}
	}
	for code, want := range map[string]string{
		"session.failed": "failed", "authenticate.broken": "failed", "session.refused_unsaved": "failed", "authenticate.failed": "refused",
		"access.forbidden": "refused", "user.gone": "refused", "user.inactive": "refused", "reset.link_bad": "refused", "throttle.refused_account": "refused",
		"session_list.ended": "done", "signup.done": "done", "access.let_in": "let in", "login.done": "let in", "login.waits": "done",
		"user.anonymous": "done", "session.none": "done", "next.ignored": "done", "csrf.explained": "done",
	} {
		if verdicts[code] != want {
			t.Errorf("%s: %s, want %s", code, verdicts[code], want)
		}
	}
}
