package main

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestHome: --home puts a page of the layout, a whole document or a redirect at /, with every
// other page where it was.
func TestHome(t *testing.T) {
	dir := t.TempDir()
	writeBelow(t, dir, "shop.html", `{{define "main"}}<h1>Books & more</h1>{{end}}`)
	writeBelow(t, dir, "whole.html", `<!DOCTYPE html><title>Books</title><style>h1 { color: red }</style><h1>{{Books}}</h1>`)
	for home, want := range map[string]struct {
		status   int
		location string
		body     string
		policy   string
	}{
		filepath.Join(dir, "shop.html"):  {http.StatusOK, "", `<main id="main">` + "\n<h1>Books & more</h1>", "default-src 'none'; script-src 'self'"},
		filepath.Join(dir, "whole.html"): {http.StatusOK, "", "<h1>{{Books}}</h1>", "default-src 'none'; style-src 'self' 'unsafe-inline'"},
		"https://shop.example/?a=b":      {http.StatusFound, "https://shop.example/?a=b", "", ""},
		"/accounts/profile/":             {http.StatusFound, "/accounts/profile/", "", ""},
	} {
		visitor := start(t, t.TempDir(), nil, "--home", home).visitor()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, visitor.base+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "text/html")
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		body := string(text)
		if response.StatusCode != want.status || response.Header.Get("Location") != want.location {
			t.Errorf("%s: %s to %q", home, response.Status, response.Header.Get("Location"))
		}
		if !strings.Contains(body, want.body) || !strings.HasPrefix(response.Header.Get("Content-Security-Policy"), want.policy) {
			t.Errorf("%s: %v\n%s", home, response.Header, body)
		}
		if got := visitor.get("/accounts/login/"); got.status != http.StatusOK {
			t.Errorf("%s: the login page: %d", home, got.status)
		}
	}
}
