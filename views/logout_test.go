package views_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/views"
)

func TestLogout(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	p := s.program(t)
	key := p.login("ada").cookie()
	a := p.do("POST", "/accounts/logout/", "", "")
	a.wantJSON(t, 200, `{"message":"Logout successful"}`)
	if cookie := a.Header.Get("Set-Cookie"); !strings.HasPrefix(cookie, `sessionid=""; `) || !strings.Contains(cookie, "Max-Age=0") {
		t.Errorf("Set-Cookie %q", cookie)
	}
	if n := s.count(t, "django_session"); n != 0 {
		t.Errorf("%d sessions left", n)
	}
	r, _ := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/api/profile", nil)
	r.Header.Set("Cookie", "sessionid="+key)
	p.send(r).wantJSON(t, 401, `{"error":"Unauthorized"}`)
	p.do("POST", "/accounts/logout/", "", "").wantJSON(t, 200, `{"message":"Logout successful"}`) // nobody is signed in
}

// Whatever the body is, a logout logs out.
func TestLogoutTakesAnyBody(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	p := s.program(t)
	for kind, text := range map[string]string{
		"text/plain": "x", "application/json": "{", "application/x-www-form-urlencoded": strings.Repeat("&", 70_000), "multipart/form-data": "x",
	} {
		p.login("ada")
		p.do("POST", "/accounts/logout/", kind, text).wantJSON(t, 200, `{"message":"Logout successful"}`)
		p.get("/api/profile").wantJSON(t, 401, `{"error":"Unauthorized"}`)
	}
}

func TestLogoutPage(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	b := s.browser(t)
	b.login("ada")
	for _, method := range []string{"GET", "HEAD", "PUT"} {
		a := b.do(method, "/accounts/logout/", "", "")
		if a.StatusCode != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "POST, OPTIONS" {
			t.Errorf("%s: %d, Allow %q", method, a.StatusCode, a.Header.Get("Allow"))
		}
	}
	s.program(t).get("/accounts/logout/").wantJSON(t, 405, `{"error":"Logging out takes a POST request."}`)
	page := b.get("/accounts/logout/").page(t)
	if form := page.one("main").one("form"); form.attr("method") != "post" || form.attr("action") != "/accounts/logout/" {
		t.Error("the page has no button")
	}
	if !strings.Contains(page.one("nav").text(), "ada") {
		t.Error("a GET logged out")
	}
	a := b.form("/accounts/logout/")
	if page := a.page(t); a.StatusCode != 200 || page.one("h1").text() != "You are logged out" || strings.Contains(page.one("nav").text(), "ada") {
		t.Errorf("%d %q", a.StatusCode, page.one("body").text())
	}
	b.get("/accounts/profile/").wantRedirect(t, "/accounts/login/?next=/accounts/profile/")
	if h1 := b.get("/accounts/logout/").page(t).one("h1").text(); h1 != "You are not signed in" {
		t.Errorf("%q", h1)
	}
}

func TestLogoutLeadsOn(t *testing.T) {
	s := newSite(t, func(c *views.Config) { c.LogoutRedirectURL = "/bye/" })
	b := s.browser(t)
	b.form("/accounts/logout/").wantRedirect(t, "/bye/")
	b.form("/accounts/logout/?next=/query/").wantRedirect(t, "/query/")
	b.form("/accounts/logout/?next=/query/", "next", "/body/").wantRedirect(t, "/body/")
	b.form("/accounts/logout/?next=/query/", "next", "//evil.example").wantRedirect(t, "/bye/")
	if a := b.form("/accounts/logout/", "next", "/accounts/logout/"); a.StatusCode != 200 {
		t.Errorf("%d", a.StatusCode)
	}
}

// Another site's page cannot log anybody in or out.
func TestCrossOriginRequestsAreRefused(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	b := s.browser(t)
	b.login("ada")
	for _, path := range []string{"/accounts/logout/", "/accounts/login/", "/accounts/signup/"} {
		r, _ := http.NewRequestWithContext(t.Context(), "POST", s.URL+path, nil)
		r.Header.Set("Accept", browser)
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if a := b.send(r); a.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
	if a := b.get("/accounts/profile/"); a.StatusCode != 200 {
		t.Errorf("%d", a.StatusCode)
	}
}
