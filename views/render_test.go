package views_test

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/views"
)

// files is a folder of texts.
type files map[string]string

func (f files) Open(name string) (fs.File, error) {
	m := fstest.MapFS{}
	for name, text := range f {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m.Open(name)
}

func TestTemplatesCanBeReplaced(t *testing.T) {
	s := newSite(t, func(c *views.Config) {
		c.SiteName = "Ada & Co"
		c.Templates = files{"login.html": `{{define "title"}}Come in{{end}}{{define "main"}}<h1>Come in</h1>{{template "form" .Data}}{{end}}`}
	})
	page := s.browser(t).get("/accounts/login/").page(t)
	if page.one("h1").text() != "Come in" || page.one("title").text() != "Come in · Ada & Co" || page.field("username").Node == nil {
		t.Error(page.one("body").text())
	}
	if h1 := s.browser(t).get("/accounts/signup/").page(t).one("h1").text(); h1 != "Sign up" {
		t.Errorf("%q", h1)
	}
	s = newSite(t, func(c *views.Config) {
		c.Templates = files{"base.html": `<!DOCTYPE html><html lang="en" dir="ltr"><title>{{template "title" .}}</title>{{template "main" .}}`}
	})
	if nav := s.browser(t).get("/accounts/login/").page(t).one("nav"); nav.Node != nil {
		t.Error("the base was not replaced")
	}
}

func TestWrongConfigurations(t *testing.T) {
	s := newSite(t)
	for _, tt := range []struct {
		change func(*views.Config)
		want   string
	}{
		{func(c *views.Config) { c.Auth = nil }, "set Config.Auth"},
		{func(c *views.Config) { c.Templates = files{"login.htm": ""} }, `has "login.htm"; a page is a file whose name ends in .html`},
		{func(c *views.Config) { c.Templates = files{"about.html": "<h1>About</h1>"} }, `template about.html: it has no part "main"; put`},
		{func(c *views.Config) { c.Templates = files{"about.html": "\n{{define \"main\"}}\n{{if}}{{end}}"} }, "about.html:3: "},
		{func(c *views.Config) {
			c.Templates = files{"about.html": "{{define \"main\"}}\n<a href='{{if .}}x'{{end}}{{end}}"}
		}, "about.html:2:"},
		{func(c *views.Config) { c.Templates = files{"templates/login.html": ""} }, "use fs.Sub"},
		{func(c *views.Config) { c.Templates = files{"login.html": "{{"} }, "template login.html"},
		{func(c *views.Config) { c.Templates = files{"base.html": "{{end}}"} }, "template base.html"},
		{func(c *views.Config) {
			c.Templates = files{"login.html": `{{define "main"}}<a href='{{if .}}x'{{end}}{{end}}`}
		}, "template login.html"},
		{func(c *views.Config) { c.Templates = failingFS{} }, "no such luck"},
		{func(c *views.Config) { c.LoginURL = "http://[" }, "Config.LoginURL"},
		{func(c *views.Config) { c.LoginURL = "login" }, "Config.LoginURL"},
		{func(c *views.Config) { c.LoginRedirectURL = "https://exämple.org/" }, "xn--"},
		{func(c *views.Config) { c.AllowedRedirectHosts = []string{"a.example; script-src *"} }, "AllowedRedirectHosts"},
		{func(c *views.Config) { c.AllowedRedirectHosts = []string{"https://a.example"} }, "AllowedRedirectHosts"},
		{func(c *views.Config) { c.AllowedRedirectHosts = []string{""} }, "AllowedRedirectHosts"},
	} {
		c := views.Config{Auth: s.auth}
		tt.change(&c)
		if _, err := views.New(c); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("error %v; want %q", err, tt.want)
		}
	}
}

type failingFS struct{}

func (failingFS) Open(string) (fs.File, error) { return nil, errors.New("no such luck") }

// A template that fails while it is executed, and a page that there is not,
// give 500 and say nothing to the visitor.
func TestBrokenPages(t *testing.T) {
	s := newSite(t, func(c *views.Config) {
		c.Templates = files{"login.html": `{{define "main"}}{{.NoSuchField}}{{end}}`}
	})
	r, _ := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/accounts/login/", nil)
	r.Header.Set("Accept", browser)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 500 || !strings.Contains(output.String(), "NoSuchField") {
		t.Errorf("%d", resp.StatusCode)
	}
}

// Where the middleware is missing, the page says that the server is set up
// wrongly, and the log says how. Where the database fails, it is a failure of the store.
func TestPagesWithoutUser(t *testing.T) {
	s := newSite(t)
	bare := newRecorder(t, s.views, "/accounts/login/")
	if bare.StatusCode != 500 || !strings.Contains(output.String(), "middleware.Authentication") {
		t.Errorf("%d", bare.StatusCode)
	}
	s.addUser(t, auth.NewUser{Username: "ada"})
	b := s.browser(t)
	b.login("ada")
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/accounts/login/", "/accounts/profile/", "/api/profile"} {
		a := b.get(path)
		if a.StatusCode != 503 || a.Header.Get("Retry-After") == "" || a.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v", path, a.StatusCode, a.Header)
		}
	}
	if a := b.get("/public/"); a.StatusCode != 200 {
		t.Errorf("/public/: %d", a.StatusCode)
	}
	if a := b.form("/accounts/signup/", "username", "new", "password", canary); a.StatusCode != 503 {
		t.Errorf("sign-up: %d", a.StatusCode)
	}
	if a := b.form("/accounts/logout/"); a.StatusCode != 503 {
		t.Errorf("logout: %d", a.StatusCode)
	}
}

func newRecorder(t *testing.T, h http.Handler, path string) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	r, _ := http.NewRequestWithContext(t.Context(), "GET", "http://example.com"+path, nil)
	r.Header.Set("Accept", browser)
	h.ServeHTTP(w, r)
	return w.Result()
}
