package views_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/views"
)

func TestProfile(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada", Email: "ada@example.com", FirstName: "Ada", LastName: "<Lovelace>"})
	b, p := s.browser(t), s.program(t)
	b.get("/accounts/profile/?a=b").wantRedirect(t, "/accounts/login/?next=/accounts/profile/%3Fa%3Db")
	p.get("/accounts/profile/").wantRedirect(t, "/accounts/login/?next=/accounts/profile/")
	s.client(t, "application/json").get("/accounts/profile/").wantJSON(t, 401, `{"error":"Unauthorized"}`)
	b.login("ada")
	page := b.get("/accounts/profile/").page(t)
	text := page.one("dl").text()
	for _, want := range []string{"ada@example.com", "Ada <Lovelace>", "Member since", "Last login"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in %q", want, text)
		}
	}
	if page.where("a", "aria-current", "page").attr("href") != "/accounts/profile/" {
		t.Error("the page is not marked as the present one")
	}
}

func TestAPIProfile(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	p := s.program(t)
	p.get("/api/profile").wantJSON(t, 401, `{"error":"Unauthorized"}`)
	s.browser(t).get("/api/profile").wantJSON(t, 401, `{"error":"Unauthorized"}`)
	p.login("ada")
	p.get("/api/profile").wantUser(t, "profile", "private data", "ada")
}

// The public page asks for nothing but the visitor's language, which a cookie may
// name; for programs it does not vary with the cookie.
func TestPublic(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	for c, vary := range map[*client]string{s.browser(t): "Accept, Accept-Language, Cookie", s.program(t): "Accept"} {
		c.login("ada")
		if a := c.get("/public/"); a.Header.Get("Vary") != vary || a.StatusCode != 200 {
			t.Errorf("%d, Vary %q, want %q", a.StatusCode, a.Header.Get("Vary"), vary)
		}
	}
	s.program(t).get("/public/").wantJSON(t, 200, `{"profile":"data"}`)
	if h1 := s.browser(t).get("/public/").page(t).one("h1").text(); h1 != "Open to everybody" {
		t.Errorf("%q", h1)
	}
}

func TestHome(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	b := s.browser(t)
	page := b.get("/").page(t)
	if h1 := page.one("h1").text(); h1 != "Welcome to Coatcheck" {
		t.Error(h1)
	}
	layers := page.where("svg", "class", "layers").all("a")
	if len(layers) != 5 {
		t.Errorf("%d layers", len(layers))
	}
	for _, layer := range layers { // each is explained by a page that is there
		doc, ours := strings.CutPrefix(layer.attr("href"), "https://github.com/coatcheck/coatcheck/blob/main/")
		if _, err := os.Stat("../" + doc); !ours || err != nil {
			t.Errorf("%s: %v", layer.attr("href"), err)
		}
	}
	if !strings.Contains(page.one("pre").text(), "curl -c jar -d username=ada -d password=blue-umbrella-42 "+s.URL+"/accounts/login/") {
		t.Errorf("%q", page.one("pre").text())
	}
	for _, href := range []string{"/accounts/signup/", "/accounts/login/", "/public/", "/accounts/profile/", "/api/profile"} {
		if page.where("a", "href", href).Node == nil {
			t.Errorf("no link to %s", href)
		}
	}
	b.login("ada")
	if text := b.get("/").page(t).one("main").text(); !strings.Contains(text, "You are signed in as ada.") {
		t.Error(text)
	}
	s.program(t).get("/").wantJSON(t, 200, `{"name":"Coatcheck","links":{"signup":"/accounts/signup/","login":"/accounts/login/",
		"logout":"/accounts/logout/","profile":"/accounts/profile/","public":"/public/","api_profile":"/api/profile"}}`)
}

// A Host header cannot put a command into the line that is to be copied.
func TestHomeShowsNoStrangeHost(t *testing.T) {
	s := newSite(t)
	r, _ := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/", nil)
	r.Host = "a;rm$IFS-rf"
	r.Header.Set("Accept", browser)
	text := s.browser(t).send(r).page(t).one("pre").text()
	if strings.Contains(text, "rm$IFS") || !strings.Contains(text, "http://localhost:8000/accounts/login/") {
		t.Error(text)
	}
}

// Every response, whatever its status, has the headers that protect it.
func TestHeadersEverywhere(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	in := s.browser(t)
	in.login("ada")
	css := in.get("/").page(t).where("link", "rel", "stylesheet").attr("href")
	for _, c := range []*client{in, s.browser(t), s.program(t), s.client(t, "application/json")} {
		for _, path := range []string{
			"/", "/public/", "/api/profile", "/accounts/signup/", "/accounts/login/", "/accounts/profile/", "/accounts/signup", "/accounts/",
			"/accounts/nothing/", "/nothing", "/accounts/static/other.css", "/accounts/logout/", css,
		} {
			for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"} {
				if path == "/accounts/logout/" && method == "POST" {
					continue // keeps the client signed in
				}
				a := c.do(method, path, "", "")
				for name, want := range map[string]string{
					"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
					"Cross-Origin-Opener-Policy": "same-origin",
				} {
					if got := a.Header.Get(name); got != want {
						t.Errorf("%s %s: %s is %q", method, path, name, got)
					}
				}
				if got := a.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'") {
					t.Errorf("%s %s: Content-Security-Policy is %q", method, path, got)
				}
				if a.StatusCode == 405 && a.Header.Get("Allow") == "" || a.StatusCode >= 500 {
					t.Errorf("%s %s: %d, Allow %q", method, path, a.StatusCode, a.Header.Get("Allow"))
				}
				if method == "HEAD" && a.text != "" {
					t.Errorf("HEAD %s has a body", path)
				}
			}
		}
	}
}

func TestNoCacheKeepsAccounts(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	b := s.browser(t)
	for range 2 { // as a visitor and as a user
		for _, path := range []string{"/", "/accounts/login/", "/accounts/signup/", "/accounts/profile/", "/accounts/logout/", "/api/profile"} {
			a := b.get(path)
			if got := a.Header.Get("Cache-Control"); got != "max-age=0, no-cache, no-store, must-revalidate, private" {
				t.Errorf("%s: Cache-Control %q", path, got)
			}
			if got := strings.Join(a.Header.Values("Vary"), ", "); !strings.Contains(got, "Accept") || !strings.Contains(got, "Cookie") {
				t.Errorf("%s: Vary %q", path, got)
			}
		}
		b.login("ada")
	}
}

func TestMissingSlash(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	p := s.program(t)
	a := p.form("/accounts/login?next=/x/", "username", "ada", "password", canary)
	if a.StatusCode != http.StatusPermanentRedirect || a.Header.Get("Location") != "/accounts/login/?next=/x/" {
		t.Errorf("%d %q", a.StatusCode, a.Header.Get("Location"))
	}
}

func TestNotFound(t *testing.T) {
	s := newSite(t)
	s.program(t).get("/accounts/login/x").wantJSON(t, 404, `{"error":"There is nothing at this address."}`)
	s.program(t).form("/accounts/<script>").wantJSON(t, 404, `{"error":"There is nothing at this address."}`)
	a := s.browser(t).get("/<script>alert(1)</script>")
	if page := a.page(t); a.StatusCode != 404 || page.one("h1").text() != "Page not found" || page.one("nav").Node != nil || !strings.HasPrefix(a.Header.Get("Vary"), "Accept, Accept-Language") || strings.Contains(a.text, "<script>alert") {
		t.Errorf("%d %v %s", a.StatusCode, a.Header, a.text)
	}
}

func TestStylesheet(t *testing.T) {
	s := newSite(t)
	b := s.browser(t)
	href := b.get("/accounts/login/").page(t).where("link", "rel", "stylesheet").attr("href")
	a := b.get(href)
	if a.StatusCode != 200 || a.Header.Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(a.text, ":focus-visible") ||
		a.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || a.Header.Get("Vary") != "Accept-Encoding" { // it comes as gzip too
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	r, _ := http.NewRequestWithContext(t.Context(), "GET", s.URL+href, nil)
	r.Header.Set("If-None-Match", a.Header.Get("ETag"))
	if again := b.send(r); again.StatusCode != http.StatusNotModified {
		t.Errorf("%d", again.StatusCode)
	}
	if other := newSite(t, restyle).browser(t).get(href); other.StatusCode != 404 {
		t.Errorf("another stylesheet has the same name: %d", other.StatusCode)
	}
}

func TestViewsMountedAlone(t *testing.T) {
	s := newSite(t)
	mux := http.NewServeMux()
	mux.Handle("/in", s.views.Route("login").Handler)
	mux.Handle("/up", s.views.Route("signup").Handler)
	s.Config.Handler = s.chain(t, engine(t, s.db))(mux)
	p := s.program(t)
	p.form("/up", "username", "ada", "password", canary).wantJSON(t, 201, `{"message":"User created successfully"}`)
	p.form("/in", "username", "ada", "password", canary).wantUser(t, "message", "Login successful", "ada")
}

func restyle(c *views.Config) { c.Templates = files{"style.css": "body { color: red }"} }
