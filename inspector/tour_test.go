package inspector_test

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/inspector"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cookiestore"
	"github.com/coatcheck/coatcheck/signing"
)

// marks are the stops of the tour that were seen, from 1.
func (c *client) marks() string {
	c.t.Helper()
	marks := ""
	for n, stop := range c.look("").Tour {
		if stop.Request != 0 {
			marks += fmt.Sprint(n + 1)
		}
	}
	return marks
}

// TestTour: each of the seven stops is marked when it was seen, and not before; what the
// inspector sends itself goes through everything.
func TestTour(t *testing.T) {
	s := newSite(t, inspector.Config{})
	b := s.browser()
	want := func(what, marks, next string) {
		t.Helper()
		if got := b.marks(); got != marks {
			t.Errorf("%s: the stops %s were seen, want %s", what, got, marks)
		}
		text := b.get(inspector.DefaultPath).text
		at := strings.Index(text, "<details open>")
		if at < 0 != (next == "") || at >= 0 && !strings.Contains(text[at:at+200], next) {
			t.Errorf("%s: the next stop is not %q", what, next)
		}
	}
	send := func(stop string) string {
		t.Helper()
		a := b.get(inspector.DefaultPath + "tour/" + stop)
		if a.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: %d", stop, a.StatusCode)
		}
		return a.Header.Get("Location")
	}
	want("at first", "", "Sign up: a user")
	if at := send("old-cookie"); at != "/inspector/#detail" {
		t.Errorf("without an old cookie: %s", at)
	}
	b.get("/accounts/signup/")
	b.get("/accounts/profile/")
	want("before a login", "", "Sign up: a user")
	b.post("/accounts/signup/", "username", "ada", "email", "ada@example.com", "password", canary)
	want("sign-up", "1", "Log in: a session")
	b.login("ada")
	want("login", "12", "A request with the cookie")
	b.get("/")
	want("with the cookie", "123", "A request without it")
	id := b.look("").Requests[0].ID
	if at := send("without"); at != fmt.Sprintf("/inspector/?open=%d#detail", id+1) {
		t.Errorf("without: %s", at)
	}
	if got := b.look("").Requests[0]; got.Path != "/" || got.Reason != "home.shown" || got.User != "" {
		t.Errorf("without: %+v", got)
	}
	want("without", "1234", "A restricted page")
	b.get("/accounts/profile/")
	want("restricted", "12345", "Log out")
	b.post("/accounts/logout/")
	want("logout", "123456", "The old cookie again")
	send("old-cookie")
	if got := b.look("").Requests[0]; got.Path != "/accounts/profile/" || got.Reason != "session.missing" || got.Verdict != "refused" {
		t.Errorf("the old cookie: %+v", got)
	}
	want("the old cookie", "1234567", "")
}

// TestTourOfOtherSites: where sessions are in cookies, the old cookie is good, and the tour goes
// on; and what is mounted below a path has it in its
// links.
func TestTourOfOtherSites(t *testing.T) {
	s := newSite(t, inspector.Config{}, func(c *coatcheck.Config) {
		store, err := cookiestore.NewIrrevocable(cookiestore.Config{
			Signing: sessions.CodecConfig{Keys: signing.Keys{Secret: c.Keys.Secret}},
		})
		if err != nil {
			t.Fatal(err)
		}
		c.Sessions.Store, c.Site.ScriptName = store, "/auth"
	})
	s.CreateUser("ada", canary)
	b := s.browser()
	b.post("/auth/accounts/login/", "username", "ada", "password", canary)
	b.post("/auth/accounts/logout/")
	text := b.get(inspector.DefaultPath).text
	for _, want := range []string{
		`href="/auth/inspector/style.css"`, `src="/auth/inspector/script.js"`,
		`data-events="/auth/inspector/events?after=2"`, `href="/auth/accounts/login/"`, `href="/auth/inspector/?open=2#detail"`,
		`action="/auth/inspector/"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if at := b.get(inspector.DefaultPath + "tour/old-cookie").Header.Get("Location"); at != "/auth/inspector/?open=3#detail" {
		t.Errorf("to %s", at)
	}
	if got := b.look("").Requests[0]; got.ID != 3 || got.Path != "/auth/accounts/profile/" {
		t.Errorf("%+v", got)
	}
	if got := b.marks(); got != "267" && got != "2367" {
		t.Errorf("the stops %s were seen", got)
	}
}

var heading = regexp.MustCompile(`(?m)^##+ (.*)$`)

// TestDocs: each code of the table has a page that explains it, which is there, with the
// heading to which the link leads.
func TestDocs(t *testing.T) {
	for _, m := range flow.Codes() {
		page, anchor, _ := strings.Cut(inspector.DocsOf(m.Code), "#")
		if page == "flow" && anchor == "a-sink-of-your-own" {
			t.Errorf("%s has no page", m.Code)
		}
		text, err := os.ReadFile("../docs/" + page + ".md")
		if err != nil {
			t.Error(err)
			continue
		}
		found := anchor == ""
		for _, h := range heading.FindAllStringSubmatch(string(text), -1) {
			found = found || anchorOf(h[1]) == anchor
		}
		if !found {
			t.Errorf("%s: %s has no heading #%s", m.Code, page, anchor)
		}
	}
}

// anchorOf is the anchor of a heading.
func anchorOf(heading string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == ' ':
			return '-'
		case strings.ContainsRune(".,?:`\"'()", c):
			return -1
		}
		return c
	}, strings.ToLower(heading))
}
