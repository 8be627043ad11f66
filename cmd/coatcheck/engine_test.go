package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// TestEngines: the way of a user is the same with every session engine.
func TestEngines(t *testing.T) {
	redisURL, memcachedURL := "redis://"+testenv.Redis(t)+"/0", "memcached://"+testenv.Memcached(t)
	for name, flags := range map[string][]string{
		"file":                 {"--session-engine", "file", "--session-file-path", t.TempDir()},
		"cache, Redis":         {"--session-engine", "cache", "--cache", redisURL},
		"cached_db, Redis":     {"--session-engine", "cached_db", "--cache", redisURL, "--cache-key-prefix", "site", "--cache-version", "2"},
		"cached_db, memcached": {"--session-engine", "cached_db", "--cache", memcachedURL, "--no-cached-db-read-rows"},
		"cache, memcached":     {"--session-engine", "cache", "--cache", memcachedURL, "--cache-pickle", "4"},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, t.TempDir(), nil, flags...)
			tellStory(t, p)
			if status := p.stop(); status != 0 {
				t.Errorf("the exit status is %d", status)
			}
		})
	}
}

// TestSignedCookies: the cookie is the session, and more than a key.
func TestSignedCookies(t *testing.T) {
	p := start(t, t.TempDir(), nil, "--session-engine", "signed_cookies")
	alice := p.visitor()
	alice.enter("alice", "correct horse")
	got := alice.get("/accounts/profile/")
	got.expect(t, "profile", http.StatusOK, alicesProfile)
	alice.post("/accounts/logout/", nil).expect(t, "log out", http.StatusOK, `{"message":"Logout successful"}`)
	if got := alice.get("/accounts/profile/"); got.status != http.StatusFound {
		t.Errorf("after the logout: %d", got.status)
	}
}

// TestWebFlags: hosts, the guard and the headers are those of the flags.
func TestWebFlags(t *testing.T) {
	p := start(t, t.TempDir(), nil, "--allowed-host", "shop.example", "--guard", "django", "--secure-hsts-seconds", "60",
		"--trusted-proxy", "127.0.0.1")
	v := p.visitor()
	if got := v.get("/public/"); got.status != http.StatusBadRequest {
		t.Errorf("a host that is not allowed gets %d", got.status)
	}
	got := v.get("/public/", "Host", "shop.example", "X-Forwarded-Proto", "https")
	if got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Strict-Transport-Security"), "max-age=60") {
		t.Errorf("an allowed host gets %d, %q", got.status, got.header.Get("Strict-Transport-Security"))
	}
	got = v.post("/accounts/login/", credentials("alice", "wrong"), "Host", "shop.example")
	if got.status != http.StatusForbidden {
		t.Errorf("a form without a token gets %d %s", got.status, got.body)
	}
}
