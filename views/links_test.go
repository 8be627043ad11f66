package views_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/csrf"
	"github.com/coatcheck/coatcheck/views"
)

// linkAddresses are where the links of each kind lead; the token follows.
var linkAddresses = map[string]string{
	"signup": accounts.SignupConfirmPath, "email": accounts.EmailConfirmPath, "invitation": accounts.InvitationPath,
	"not-me": accounts.DisownPath, "reset": accounts.ResetPath,
}

// mintLinks returns the path of a living link of each kind, each of a user of its own.
func (s *site) mintLinks(t testing.TB) map[string]string {
	t.Helper()
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	links := map[string]string{}
	n := auth.NewUser{Username: "signup", Email: "signup@example.com", Password: canary}
	_, err := s.accounts.BeginSignup(ctx, n, "en")
	check(err)
	links["signup"] = s.link(t, "signup@example.com", linkAddresses["signup"])
	s.user(t, "email")
	b := s.browser(t)
	b.filledIn("/accounts/login/", "username", "email", "password", canary)
	b.filledIn("/accounts/email/", "email", "new@example.com", "password", canary)
	links["email"] = s.link(t, "new@example.com", linkAddresses["email"])
	links["invitation"] = s.invitationLink(t, "")
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", nil)
	check(s.accounts.ResetPassword(r, s.user(t, "not-me"), another))
	links["not-me"] = s.link(t, "not-me@example.com", linkAddresses["not-me"])
	s.user(t, "reset")
	check(s.accounts.RequestReset(ctx, "reset@example.com", "en"))
	links["reset"] = s.link(t, "reset@example.com", linkAddresses["reset"])
	return links
}

var tokenField = regexp.MustCompile(`name="` + csrf.FormField + `" value="(\w+)"`)

// filledIn gets a page and sends its form, with the token where the guard needs one.
func (c *client) filledIn(address string, pairs ...string) {
	c.t.Helper()
	if found := tokenField.FindStringSubmatch(c.get(address).text); found != nil {
		pairs = append(pairs, csrf.FormField, found[1])
	}
	if a := c.form(address, pairs...); a.StatusCode != http.StatusFound {
		c.t.Fatalf("%s: %d %s", address, a.StatusCode, a.text)
	}
}

// at returns the address of a kind with the token of a link of another kind.
func at(kind, link string, links map[string]string) string {
	if kind == "reset" {
		return path.Dir(path.Clean(links["reset"])) + "/" + path.Base(link) + "/"
	}
	return linkAddresses[kind] + path.Base(link) + "/"
}

// contents returns every row that a request might change.
func (s *site) contents(t testing.TB) string {
	t.Helper()
	var all strings.Builder
	for _, table := range []string{"auth_user", "django_session", "coatcheck_session", "coatcheck_link", "coatcheck_mail"} {
		rows, err := s.db.SQL().QueryContext(t.Context(), "SELECT * FROM "+table)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(any)
			}
			if err := rows.Scan(values...); err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				fmt.Fprintf(&all, "%v|", *v.(*any))
			}
			all.WriteString(table + "\n")
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// TestLinkOfAnotherKind: the token of a link does nothing at the address of another
// kind, looked at or sent, by a browser or a program, and works at its own afterwards.
func TestLinkOfAnotherKind(t *testing.T) {
	for name, change := range map[string]func(*views.Config){"confirmed": verified, "invited": invited} {
		t.Run(name, func(t *testing.T) {
			s := newMailSite(t, change)
			links := s.mintLinks(t)
			before := s.contents(t)
			tried := 0
			for kind, link := range links {
				for other := range links {
					if other != kind {
						tried += s.tryForeign(t, at(other, link, links), other)
						if after := s.contents(t); after != before {
							t.Fatalf("the link %s at the address %s changed\n%s\nto\n%s", kind, other, before, after)
						}
					}
				}
			}
			if tried != 5*4*4 {
				t.Errorf("%d requests", tried)
			}
			s.wantAlive(t, links, name)
		})
	}
}

// tryForeign sends a token to the address of another kind and returns how often.
func (s *site) tryForeign(t *testing.T, address, kind string) (tried int) {
	t.Helper()
	body := []string{
		"username", "eve", "email", "eve@example.com", "password", canary, "new_password1", canary, "new_password2", canary,
	}
	for _, c := range []*client{s.browser(t), s.program(t)} {
		for _, a := range []*answer{c.get(address), c.form(address, body...)} {
			tried++
			refused := a.StatusCode == http.StatusGone || a.StatusCode == http.StatusNotFound
			if kind == "reset" && c.accept == browser { // a page with 200, as in Django
				refused = a.StatusCode == http.StatusOK && a.page(t).one("h1").text() == "This link is used up or too old"
			}
			if !refused || a.cookie() != "" {
				t.Errorf("%s %s: %d %s", a.Request.Method, address, a.StatusCode, a.text)
			}
		}
	}
	return tried
}

// wantAlive uses every link that the site knows at its own address.
func (s *site) wantAlive(t *testing.T, links map[string]string, site string) {
	t.Helper()
	missing := map[string]string{"confirmed": "invitation", "invited": "signup"}[site]
	for kind, link := range links {
		a := s.program(t).form(link, "username", "new", "email", "newest@example.com", "password", another,
			"new_password1", another, "new_password2", another)
		want := []int{http.StatusOK, http.StatusCreated}
		if kind == missing {
			want = []int{http.StatusNotFound}
		}
		if !slices.Contains(want, a.StatusCode) {
			t.Errorf("%s at its own address: %d %s", kind, a.StatusCode, a.text)
		}
	}
}
