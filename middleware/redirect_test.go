package middleware_test

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/safeurl"
)

// get is a request whose target is spelled so on the wire.
func get(target string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RequestURI = target
	r.URL, _ = url.ParseRequestURI(target)
	return r
}

func TestRedirectToLogin(t *testing.T) {
	for _, tt := range []struct{ target, login, field, want string }{
		{"/", "", "", "/accounts/login/?next=/"},
		{"/a/b?x=1&y=2", "", "", "/accounts/login/?next=/a/b%3Fx%3D1%26y%3D2"},
		{"/a?", "", "", "/accounts/login/?next=/a%3F"},
		{"/caf%C3%A9/?q=%E2%98%83", "", "", "/accounts/login/?next=/caf%25C3%25A9/%3Fq%3D%25E2%2598%2583"},
		{"/a%2Fb%20c", "", "", "/accounts/login/?next=/a%252Fb%2520c"},
		{"//evil.example/x", "", "", "/accounts/login/?next=/%252Fevil.example/x"},
		{"/?\xff\"<>", "", "", "/accounts/login/?next=/%3F%25FF%2522%253C%253E"},
		{"///evil.example", "", "", "/accounts/login/?next=/%252F/evil.example"},
		{"http://evil.example/x?y", "", "", "/accounts/login/?next=/x%3Fy"},
		{"/a", "/in/?lang=de#top", "", "/in/?lang=de&next=/a#top"},
		{"/a", "/in/?next=/b&lang=de", "", "/in/?next=/a&lang=de"},
		{"/a", "/in/", "back", "/in/?back=/a"},
		{"/a?b", "//example.com/in/", "", "//example.com/in/?next=/a%3Fb"},
		{"/a?b", "http://example.com/in/", "", "http://example.com/in/?next=/a%3Fb"},
		{"/a?b", "https://example.com/in/", "", "https://example.com/in/?next=http%3A//example.com/a%3Fb"},
		{"/a?b", "https://login.example/in/", "", "https://login.example/in/?next=http%3A//example.com/a%3Fb"},
		{"//evil.example", "https://login.example/in/", "", "https://login.example/in/?next=http%3A//example.com/%252Fevil.example"},
	} {
		if got, err := middleware.RedirectToLogin(get(tt.target), tt.login, tt.field); got != tt.want || err != nil {
			t.Errorf("%s to %q:\n got %s, %v\nwant %s", tt.target, tt.login, got, err, tt.want)
		}
	}
	secure := get("/a")
	secure.TLS = &tls.ConnectionState{}
	for login, want := range map[string]string{
		"https://example.com/in/": "https://example.com/in/?next=/a",
		"https://other.example/":  "https://other.example/?next=https%3A//example.com/a",
	} {
		if got, err := middleware.RedirectToLogin(secure, login, ""); got != want || err != nil {
			t.Errorf("over TLS to %s: %s, %v", login, got, err)
		}
	}
}

func TestRedirectToLoginRefuses(t *testing.T) {
	for login, want := range map[string]error{
		"login": safeurl.ErrLoginURL, "javascript:alert(1)//.": safeurl.ErrRedirect, "http://[bad/": safeurl.ErrLoginURL,
	} {
		if got, err := middleware.RedirectToLogin(get("/"), login, ""); !errors.Is(err, want) || got != "" {
			t.Errorf("%q: %q, %v", login, got, err)
		}
	}
	if got, err := middleware.RedirectToLogin(get("/"+strings.Repeat("x", safeurl.MaxRedirect)), "", ""); !errors.Is(err, safeurl.ErrRedirect) {
		t.Errorf("%.50q, %v", got, err)
	}
}

// TestFullPathUnderAPrefix: a handler that was mounted with StripPrefix is asked
// for under another path than its own.
func TestFullPathUnderAPrefix(t *testing.T) {
	var got string
	h := http.StripPrefix("/admin", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = middleware.FullPath(r) }))
	server := httptest.NewServer(h)
	defer server.Close()
	response, err := http.Get(server.URL + "/admin/users?page=2")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if got != "/admin/users?page=2" {
		t.Errorf("got %q", got)
	}
}

// FuzzRedirectToLogin: wherever a request went, the return URL from the login page
// stays on the site, and is one that the login page itself follows.
func FuzzRedirectToLogin(f *testing.F) {
	for _, target := range []string{
		"/", "//evil.example", "/\\evil.example", "/%5Cevil", "/a?next=//evil", "http://evil.example//x", "javascript:alert(1)",
		"mailto:x", "*", "/\xff", "/%", "/a;b?c#d", "///", "/ /x", "https:evil.example", "/%09//evil", "http:////evil.example",
	} {
		f.Add(target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return // net/http responds with 400
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RequestURI, r.URL = target, u
		location, err := middleware.RedirectToLogin(r, "", "")
		if err != nil {
			if !errors.Is(err, safeurl.ErrRedirect) || len(target) < safeurl.MaxRedirect/9 {
				t.Fatalf("%q: %v", target, err)
			}
			return
		}
		login, err := url.Parse(location)
		if err != nil || login.Host != "" || login.Path != safeurl.LoginURL || strings.ContainsFunc(location, func(c rune) bool { return c <= ' ' || c > '~' }) {
			t.Fatalf("%q leads to %q", target, location)
		}
		query, err := url.ParseQuery(login.RawQuery)
		if err != nil || len(query) != 1 || len(query["next"]) != 1 {
			t.Fatalf("%q leads to %q: %v", target, location, err)
		}
		next := query.Get("next")
		if len(next) <= safeurl.MaxLength && !safeurl.IsSafe(next, nil, true) {
			t.Fatalf("%q leads back to %q", target, next)
		}
		if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.HasPrefix(next, `/\`) {
			t.Fatalf("%q leads back to %q", target, next)
		}
	})
}
