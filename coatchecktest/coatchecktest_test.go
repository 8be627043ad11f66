package coatchecktest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/safeurl"
	"github.com/coatcheck/coatcheck/sessions"
)

// newHandler is a program as a user of the library has it.
func newHandler(site *coatcheck.Site) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/accounts/", site.Views)
	mux.Handle("GET /profile", site.RequireUser(http.HandlerFunc(profile)))
	mux.HandleFunc("GET /visits", visits)
	return site.Handler(mux)
}

func profile(w http.ResponseWriter, r *http.Request) {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		middleware.Fail(w, r, err)
		return
	}
	fmt.Fprintf(w, "hello %s", user)
}

func visits(w http.ResponseWriter, r *http.Request) {
	session, err := sessions.FromContext(r.Context())
	if err != nil {
		middleware.Fail(w, r, err)
		return
	}
	if err := sessions.Update(r.Context(), session, "visits", func(n int) int { return n + 1 }); err != nil {
		middleware.Fail(w, r, err)
		return
	}
	n, _, err := sessions.Get[int](r.Context(), session, "visits")
	if err != nil {
		middleware.Fail(w, r, err)
		return
	}
	fmt.Fprintf(w, "visit %d", n)
}

func TestForceLogin(t *testing.T) {
	site := coatchecktest.NewSite(t)
	alice := site.CreateUser("alice", "correct horse")
	client, other := site.NewClient(newHandler(site.Site)), site.NewClient(newHandler(site.Site))

	got := client.Get("/profile")
	if got.Status != http.StatusFound || got.Location() != "/accounts/login/?next=/profile" {
		t.Errorf("a visitor got %d to %q", got.Status, got.Location())
	}
	client.ForceLogin(alice)
	if got := client.Get("/profile"); got.Status != http.StatusOK || got.Body != "hello alice" {
		t.Errorf("alice got %d %q", got.Status, got.Body)
	}
	if got := other.Get("/profile"); got.Status != http.StatusFound {
		t.Errorf("the other client got %d", got.Status)
	}
	before := client.Session()
	client.Logout()
	if got := client.Get("/profile"); got.Status != http.StatusFound {
		t.Errorf("after the logout alice got %d", got.Status)
	}
	client.SetSession(before)
	if got := client.Get("/profile"); got.Status != http.StatusFound {
		t.Errorf("the old cookie got %d", got.Status)
	}
}

func TestForceLoginStoresLastLogin(t *testing.T) {
	site := coatchecktest.NewSite(t)
	boss := site.CreateSuperuser("boss", "")
	if !boss.IsSuperuser || boss.Password.Usable() {
		t.Errorf("the superuser is %+v", boss)
	}
	site.NewClient(newHandler(site.Site)).ForceLogin(boss)
	stored, err := site.Auth.UserByUsername(t.Context(), "boss")
	if err != nil || stored.LastLogin.IsZero() {
		t.Errorf("last login is %v, %v", stored, err)
	}
}

func TestPostLogsInByPassword(t *testing.T) {
	site := coatchecktest.NewSite(t)
	site.CreateUser("alice", "correct horse")
	credentials := url.Values{"username": {"alice"}, "password": {"correct horse"}}
	for name, login := range map[string]func(*coatchecktest.Client) *coatchecktest.Response{
		"form": func(c *coatchecktest.Client) *coatchecktest.Response { return c.Post("/accounts/login/", credentials) },
		"json": func(c *coatchecktest.Client) *coatchecktest.Response {
			return c.PostJSON("/accounts/login/", map[string]string{"username": "alice", "password": "correct horse"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			client := site.NewClient(newHandler(site.Site))
			got := login(client)
			cookie := got.Cookie("sessionid")
			var answer struct{ Message string }
			got.JSON(&answer)
			if got.Status != http.StatusOK || answer.Message != "Login successful" || cookie == nil || !cookie.HttpOnly {
				t.Fatalf("login gave %d %q, cookie %v", got.Status, got.Body, cookie)
			}
			if got := client.Get("/profile"); got.Body != "hello alice" {
				t.Errorf("the profile is %d %q", got.Status, got.Body)
			}
		})
	}
}

func TestSecureCookieGoesOverTLS(t *testing.T) {
	site := coatchecktest.NewSite(t, func(c *coatcheck.Config) { c.Sessions.CookieSecure = true })
	client := site.NewClient(newHandler(site.Site))
	if client.URL.Scheme != "https" {
		t.Fatalf("the client speaks %s", client.URL.Scheme)
	}
	for i := range 2 {
		if got, want := client.Get("/visits").Body, fmt.Sprintf("visit %d", i+1); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestSession(t *testing.T) {
	site := coatchecktest.NewSite(t)
	client := site.NewClient(newHandler(site.Site))
	session := client.Session()
	if err := session.Set(t.Context(), "visits", 41); err != nil {
		t.Fatal(err)
	}
	if err := session.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	client.SetSession(session)
	if got := client.Get("/visits").Body; got != "visit 42" {
		t.Errorf("got %q", got)
	}
	n, ok, err := sessions.Get[int](t.Context(), client.Session(), "visits")
	if n != 42 || !ok || err != nil {
		t.Errorf("the session has %d, %v, %v", n, ok, err)
	}
}

func TestFollowRedirects(t *testing.T) {
	site := coatchecktest.NewSite(t)
	client := site.NewClient(newHandler(site.Site))
	client.Header.Set("Accept", "text/html")
	client.FollowRedirects = true
	got := client.Get("/profile")
	if got.Status != http.StatusOK || got.URL.Path != safeurl.LoginURL || !strings.Contains(got.Body, "<form") {
		t.Errorf("got %d from %s: %s", got.Status, got.URL, got.Body)
	}
}
