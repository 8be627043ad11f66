package middleware_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/middleware"
)

// TestLoginRequired: everything is shut but what is exempt.
func TestLoginRequired(t *testing.T) {
	s := newSite(t)
	s.user(t, "ada", "secret")
	s.mux.HandleFunc("GET /login", func(http.ResponseWriter, *http.Request) {})
	required := middleware.LoginRequired("/login", "back", func(r *http.Request) bool { return r.URL.Path == "/login" })
	s.chain = middleware.Chain(s.chain, required)
	s.start(t)
	visitor := newClient(t)
	if response, _ := s.get(t, visitor, "/login"); response.StatusCode != http.StatusOK || response.Header["Vary"] != nil {
		t.Errorf("the login page: %d %v", response.StatusCode, response.Header)
	}
	for path, want := range map[string]string{"/who": "/login?back=/who", "/no/such/page?a=b": "/login?back=/no/such/page%3Fa%3Db"} {
		response, body := s.get(t, visitor, path)
		if response.StatusCode != http.StatusFound || response.Header.Get("Location") != want || body != "" || response.Header.Get("Vary") != "Cookie" {
			t.Errorf("%s: %d %v %q", path, response.StatusCode, response.Header, body)
		}
	}
	if response, _ := s.post(t, visitor, "/save", ""); response.StatusCode != http.StatusFound {
		t.Errorf("POST: %d", response.StatusCode)
	}
	ada := s.signIn(t, "ada", "secret")
	if response, body := s.get(t, ada, "/who"); response.StatusCode != http.StatusOK || body != "ada" {
		t.Errorf("signed in: %d %q", response.StatusCode, body)
	}
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*http.Client{"signed in": ada} {
		response, body := s.get(t, c, "/who")
		if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Location") != "" || response.Header["Set-Cookie"] != nil {
			t.Errorf("%s, outage: %d %v %q", name, response.StatusCode, response.Header, body)
		}
	}
	if response, _ := s.get(t, visitor, "/who"); response.StatusCode != http.StatusFound {
		t.Errorf("a visitor without a cookie needs no database: %d", response.StatusCode)
	}
}

func TestLoginRequiredWithoutTheMiddleware(t *testing.T) {
	h := middleware.LoginRequired("", "", nil)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("let in") }))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusInternalServerError {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestChallenge checks the bytes of the redirect, and who gets none.
func TestChallenge(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		middleware.Challenge(w, r, r.Header.Get("X-Login"), "")
	}))
	defer server.Close()
	client := newClient(t)
	for _, tt := range []struct{ path, login, want string }{
		{"/", "", "/accounts/login/?next=/"},
		{"/a/?b=c&d=e%20f", "", "/accounts/login/?next=/a/%3Fb%3Dc%26d%3De%2520f"},
		{"/gr%C3%BC%C3%9Fe", "", "/accounts/login/?next=/gr%25C3%25BC%25C3%259Fe"},
		{"/%E2%98%83?x=%F0%9F%98%80", "", "/accounts/login/?next=/%25E2%2598%2583%3Fx%3D%25F0%259F%2598%2580"},
		{"//evil.example/", "", "/accounts/login/?next=/%252Fevil.example/"},
		{"/%5Cevil.example/", "", "/accounts/login/?next=/%255Cevil.example/"},
		{"/a%0D%0ASet-Cookie:x", "", "/accounts/login/?next=/a%250D%250ASet-Cookie%3Ax"},
		{"/a", "/in/?lang=de", "/in/?lang=de&next=/a"},
		{"/a", "https://login.example/", "https://login.example/?next=" + strings.ReplaceAll(server.URL, ":", "%3A") + "/a"},
	} {
		r := request(t, http.MethodGet, server.URL, "", "X-Login", tt.login)
		r.URL.Opaque = tt.path // on the wire as it is
		if strings.HasPrefix(tt.path, "//") {
			r.URL.Opaque = strings.TrimPrefix(server.URL, "http:") + tt.path
		}
		response, body := fetch(t, client, r)
		if got := response.Header["Location"]; response.StatusCode != http.StatusFound || len(got) != 1 || got[0] != tt.want || body != "" {
			t.Errorf("%s:\n got %d %q %q\nwant %q", tt.path, response.StatusCode, got, body, tt.want)
		}
	}
	for _, header := range [][]string{
		{"Accept", "application/json"},
		{"Accept", "application/json, text/html;q=0.5"},
		{"Accept", "text/html;q=0.1, application/json"},
		{"Content-Type", "application/json"},
		{"Content-Type", "application/json; charset=utf-8", "Accept", "*/*"},
	} {
		response, body := fetch(t, client, request(t, http.MethodGet, server.URL, "", header...))
		var answer map[string]string
		if response.StatusCode != http.StatusUnauthorized || response.Header["Location"] != nil || response.Header.Get("Content-Type") != "application/json" ||
			json.Unmarshal([]byte(body), &answer) != nil || len(answer) != 1 || answer["error"] != "Unauthorized" {
			t.Errorf("%q: %d %v %q", header, response.StatusCode, response.Header, body)
		}
	}
	for _, header := range [][]string{
		nil,
		{"Accept", "*/*"},
		{"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
		{"Accept", "text/html, application/json"},
		{"Accept", "application/json;q=0"},
		{"Content-Type", "application/x-www-form-urlencoded"},
		{"Content-Type", "application/json", "Accept", "text/html"},
	} {
		if response, _ := fetch(t, client, request(t, http.MethodGet, server.URL, "", header...)); response.StatusCode != http.StatusFound {
			t.Errorf("%q: %d", header, response.StatusCode)
		}
	}
	response, body := fetch(t, client, request(t, http.MethodGet, server.URL+"/"+strings.Repeat("x", 20000), ""))
	if response.StatusCode != http.StatusBadRequest || response.Header["Location"] != nil || !strings.Contains(body, "too long") {
		t.Errorf("a long address: %d %v %q", response.StatusCode, response.Header, body)
	}
	response, body = fetch(t, client, request(t, http.MethodGet, server.URL, "", "X-Login", "login"))
	if response.StatusCode != http.StatusInternalServerError || strings.Contains(body, `"login"`) {
		t.Errorf("a login URL that is none: %d %q", response.StatusCode, body)
	}
}
