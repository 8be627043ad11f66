package views_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/views"
)

// shelf is a page of a program.
const shelf = `{{define "title"}}Books{{end}}
{{define "main"}}<h1>{{.T "Log in"}}</h1><ul>{{range .Data}}<li>{{.}}</li>{{end}}</ul>
<form method="post">{{template "csrf" .CSRFToken}}</form>{{end}}`

// ownSite serves a page of a program at /books, whose form wants a token.
func ownSite(t *testing.T, change func(*views.Config)) *site {
	t.Helper()
	s := newSite(t, func(c *views.Config) {
		c.SiteName = "The library"
		c.Templates = files{"books.html": shelf, "unused.html": `{{define "main"}}{{end}}`, ".DS_Store": "\x00"}
		if change != nil {
			change(c)
		}
	})
	csrf, err := middleware.CSRF(middleware.CSRFConfig{})
	if err != nil {
		t.Fatal(err)
	}
	books := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Mine", "yes")
		s.views.Render(w, r, http.StatusAccepted, r.URL.Query().Get("page"), []string{"<Emma>"})
	})
	s.Config.Handler = s.chain(t, engine(t, s.db))(csrf(books))
	return s
}

// TestOwnPages: a page of a program has language, user, navigation and token as ours have.
func TestOwnPages(t *testing.T) {
	s := ownSite(t, nil)
	s.addUser(t, auth.NewUser{Username: "ada"})
	b := s.browser(t)
	got := b.get("/books?page=books.html")
	page := got.page(t)
	if got.StatusCode != http.StatusAccepted || got.Header.Get("X-Mine") != "yes" {
		t.Errorf("%d %v", got.StatusCode, got.Header)
	}
	if page.one("title").text() != "Books · The library" || page.one("li").text() != "<Emma>" {
		t.Error(got.text)
	}
	if page.where("a", "href", "/accounts/login/").Node == nil {
		t.Error("a visitor gets no link to log in")
	}
	token := page.where("input", "name", "csrfmiddlewaretoken").attr("value")
	if a := b.form("/books?page=books.html", "csrfmiddlewaretoken", token); a.StatusCode != http.StatusAccepted {
		t.Errorf("with the token: %d", a.StatusCode)
	}
	if a := b.form("/books?page=books.html"); a.StatusCode != http.StatusForbidden {
		t.Errorf("without: %d", a.StatusCode)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/books?page=books.html", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Language", "de")
	german := b.send(r).page(t)
	if german.one("html").attr("lang") != "de" || german.one("h1").text() != "Anmelden" {
		t.Error(german.one("h1").text())
	}
}

// TestOwnPagesSignedIn: the navigation of an own page knows the user.
func TestOwnPagesSignedIn(t *testing.T) {
	s := newSite(t, func(c *views.Config) { c.Templates = files{"books.html": shelf} })
	s.addUser(t, auth.NewUser{Username: "ada"})
	inner := s.Config.Handler
	books := s.chain(t, engine(t, s.db))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.views.Render(w, r, http.StatusOK, "books.html", nil)
	}))
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/books" {
			books.ServeHTTP(w, r)
			return
		}
		inner.ServeHTTP(w, r)
	})
	b := s.browser(t)
	b.login("ada")
	page := b.get("/books").page(t)
	if page.where("a", "class", "who").text() != "ada" || page.where("form", "action", "/accounts/logout/").Node == nil {
		t.Error(page.one("nav").text())
	}
}

// TestUnknownPage: a name that is wrong is told to the log with those that there are.
func TestUnknownPage(t *testing.T) {
	s := ownSite(t, nil)
	resp, err := http.Get(s.URL + "/books?page=bocks.html")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 500 || !strings.Contains(output.String(), `there is no page \"bocks.html\"; there are books.html, close_account.html, `) {
		t.Errorf("%d", resp.StatusCode)
	}
}

// TestTemplateNames: each name that is listed can be replaced.
func TestTemplateNames(t *testing.T) {
	names := views.TemplateNames()
	if !slices.IsSorted(names) || !slices.Contains(names, "login.html") || !slices.Contains(names, "style.css") {
		t.Fatal(names)
	}
	given := files{}
	for _, name := range names {
		given[name] = `{{define "main"}}<h1>Ours</h1>{{end}}`
	}
	delete(given, "base.html")
	delete(given, "form.html") // of which base.html takes parts
	given["style.css"] = "main { color: #123456 }"
	s := newSite(t, func(c *views.Config) { c.Templates = given })
	style := s.browser(t).get("/accounts/login/").page(t).where("link", "rel", "stylesheet").attr("href")
	if a := s.browser(t).get(style); a.text != given["style.css"] {
		t.Errorf("%s: %q", style, a.text)
	}
}
