package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestListsWithSpaces: items may have spaces around them, in the environment as on the
// command line, and those of regular expressions stay.
func TestListsWithSpaces(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), []string{
		"COATCHECK_ALLOWED_HOST=a.example, b.example ,", "COATCHECK_TRUSTED_PROXY= 127.0.0.1 , ::1",
	}, "--secure-ssl-redirect", "--trusted-origin", " https://app.example, https://other.example", "--secure-redirect-exempt", "^x, y$")
	v := p.visitor()
	const https = "X-Forwarded-Proto"
	for host, want := range map[string]int{"a.example": http.StatusOK, "b.example": http.StatusOK, "c.example": http.StatusBadRequest} {
		if got := v.get("/public/", "Host", host, https, "https"); got.status != want {
			t.Errorf("%s: %d, want %d", host, got.status, want)
		}
	}
	for path, want := range map[string]int{"/x,%20y": http.StatusNotFound, "/x,y": http.StatusMovedPermanently} {
		if got := v.get(path, "Host", "a.example"); got.status != want {
			t.Errorf("%s by HTTP: %d, want %d", path, got.status, want)
		}
	}
	for origin, want := range map[string]int{"https://other.example": http.StatusUnauthorized, "https://evil.example": http.StatusForbidden} {
		got := v.post("/accounts/login/", credentials("alice", "wrong"), "Host", "b.example", https, "https", "Origin", origin)
		if got.status != want {
			t.Errorf("a login from %s: %d, want %d", origin, got.status, want)
		}
	}
}

// TestMailboxInPunycode: a link for a new password is sent to the address that is stored, in
// whichever spelling of its domain it was asked for.
func TestMailboxInPunycode(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, dir, nil, "--email-backend", "console")
	v := p.visitor()
	for _, address := range []string{"ada@xn--exmple-cua.com", "bob@exämple.com"} {
		got := v.post("/accounts/signup/", url.Values{"username": {address[:3]}, "email": {address}, "password": {"correct horse"}})
		if got.status != http.StatusCreated {
			t.Fatalf("%s: %d %s", address, got.status, got.body)
		}
	}
	for _, ask := range []string{"ada@exämple.com", "bob@XN--EXMPLE-CUA.com"} {
		got := v.post("/accounts/password_reset/", url.Values{"email": {ask}})
		if got.status >= 300 {
			t.Errorf("%s: %d %s", ask, got.status, got.body)
		}
	}
	for _, uid := range []string{"MQ", "Mg"} { // users 1 and 2
		wait(t, "the link for "+uid, func() bool { return strings.Contains(p.out.String(), "/accounts/reset/"+uid+"/") })
	}
}
