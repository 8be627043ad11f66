package conformance_test

import (
	"database/sql"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/csrf"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password"
)

// TestFormsOfTheOther: a form that Django rendered posts to Coatcheck, and the
// other way; the secret is one, and changes for both at each login. The guard is
// not named: on a database that Django made it is Django's.
func TestFormsOfTheOther(t *testing.T) {
	t.Parallel()
	eachDjango(t, func(t *testing.T, version string) {
		t.Run("cookie", func(t *testing.T) { formsOfTheOther(t, version, false) })
		if version != "4.2" && version != "5.2" { // which keep a secret in a session as 6.1 does
			t.Run("session", func(t *testing.T) { formsOfTheOther(t, version, true) })
		}
	})
}

func formsOfTheOther(t *testing.T, version string, inSessions bool) {
	db := testenv.SQLiteDatabase(t)
	setting := map[bool]string{true: "CSRF_USE_SESSIONS=1", false: "CSRF_USE_SESSIONS=0"}[inSessions]
	tw := newTwin(t, version, db, setting)
	tw.Manage("migrate")
	tw.Start()
	site, err := coatcheck.New(coatcheck.Config{
		Database: openDatabase(t, db, database.UserModel{}),
		Keys:     coatcheck.Keys{Secret: secretKey},
		Site:     coatcheck.SiteOptions{Logger: slog.New(slog.DiscardHandler)},
		Web: coatcheck.WebOptions{
			// Django 3.2 cannot read a bare secret in a session.
			CSRF: middleware.CSRFConfig{UseSessions: inSessions, CookieMasked: version == "3.2"},
		},
		Passwords: coatcheck.PasswordOptions{
			Hashing: password.Config{Hashers: []password.Hasher{password.PBKDF2SHA256{Iterations: 10000}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	admin(t, site)
	server := httptest.NewServer(site.Handler(site.Views))
	t.Cleanup(server.Close)

	const djangoLogin, ownLogin = "/admin/login/", "/accounts/login/"
	b := newBrowser(t)
	theirs := b.form(tw.URL(djangoLogin))
	b.sends(server.URL+ownLogin, "", 403)
	b.sends(server.URL+ownLogin, theirs, 302) // the form that Django rendered
	b.sends(server.URL+"/accounts/logout/", theirs, 403)
	own := b.form(server.URL + "/accounts/logout/")
	b.sends(tw.URL("/admin/logout/"), theirs, 403)
	b.sends(tw.URL("/admin/logout/"), own, 302) // the one that Coatcheck rendered, after its login
	if got := b.get(server.URL + "/accounts/profile/"); got.status != 302 {
		t.Errorf("after Django's logout Coatcheck's profile is %d", got.status)
	}

	own = b.form(server.URL + ownLogin)
	b.sends(tw.URL(djangoLogin), "", 403)
	if inSessions { // the secret of a visitor without a session is in a cookie, which that Django does not read
		b.sends(tw.URL(djangoLogin), own, 403)
		own = b.form(tw.URL(djangoLogin)) // which creates a session
	}
	b.sends(tw.URL(djangoLogin), own, 302)
	b.sends(server.URL+"/accounts/logout/", own, 403) // Django's login has changed the secret
	own = b.form(server.URL + "/accounts/logout/")
	b.sends(server.URL+"/accounts/logout/", own, 302)
}

// admin creates a user whom Django's admin accepts.
func admin(t *testing.T, site *coatcheck.Site) {
	t.Helper()
	user, err := site.Auth.CreateUser(t.Context(), auth.NewUser{Username: "anna", Password: "correct horse", IsStaff: true})
	if err != nil {
		t.Fatal(err)
	}
	var result sql.Result
	if result, err = site.Database.SQL().ExecContext(t.Context(), "UPDATE auth_user SET is_superuser = 1 WHERE id = "+user.ID); err != nil {
		t.Fatal(err)
	}
	if n, err := result.RowsAffected(); n != 1 || err != nil {
		t.Fatal(n, err)
	}
}

var tokenField = regexp.MustCompile(`name="` + csrf.FormField + `" value="([a-zA-Z0-9]{64})"`)

// form gets a page as a browser and returns the token of its form.
func (b *browser) form(url string) string {
	b.t.Helper()
	_, text := b.page(http.MethodGet, url, "")
	found := tokenField.FindStringSubmatch(text)
	if found == nil {
		b.t.Fatalf("%s has no token:\n%s", url, text)
	}
	return found[1]
}

// sends posts a form with anna's credentials and the token.
func (b *browser) sends(to, token string, status int) {
	b.t.Helper()
	form := url.Values{"username": {"anna"}, "password": {"correct horse"}, "next": {"/accounts/profile/"}}
	if token != "" {
		form.Set(csrf.FormField, token)
	}
	if got, text := b.page(http.MethodPost, to, form.Encode()); got != status {
		b.t.Errorf("%s: %d, want %d\n%s", to, got, status, text)
	}
}

// page sends a request for site.example, which both sides are behind a proxy,
// with the Origin that a browser sends.
func (b *browser) page(method, url, form string) (int, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, url, strings.NewReader(form))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Host = "site.example"
	r.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "http://site.example")
	}
	response, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}
