package main

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// checkAway checks that the sessions are out of reach and that nobody lost a cookie.
func checkAway(t *testing.T, p *process, alice *visitor, engine string) {
	t.Helper()
	for what, got := range map[string]answer{
		"profile": alice.get("/accounts/profile/", "Accept", "application/json"),
		"logout":  alice.post("/accounts/logout/", nil),
		"login":   p.visitor().post("/accounts/login/", credentials("alice", "correct horse")),
	} {
		if cookie, err := got.sessionCookie(); got.status != http.StatusServiceUnavailable || err == nil {
			t.Errorf("%s: %d %s, cookie %v", what, got.status, got.body, cookie)
		}
	}
	alice.get("/readyz").expect(t, "not ready", http.StatusServiceUnavailable, "the session engine "+engine+" is unreachable")
	alice.get("/healthz").expect(t, "alive", http.StatusOK, "ok")
}

func checkBack(t *testing.T, alice *visitor) {
	t.Helper()
	alice.get("/accounts/profile/").expect(t, "profile", http.StatusOK, alicesProfile)
	alice.get("/readyz").expect(t, "ready", http.StatusOK, "ready")
}

// TestFolderAway: a folder of sessions that is away, or empty below the place where its
// file system was mounted, is a failure of the store and signs nobody out.
func TestFolderAway(t *testing.T) {
	base := t.TempDir()
	dir, mounted := filepath.Join(base, "sessions"), otherDevice(t, base)
	if err := os.Symlink(mounted, dir); err != nil {
		t.Fatal(err)
	}
	p := start(t, t.TempDir(), nil, "--session-engine", "file", "--session-file-path", dir)
	alice := p.visitor()
	alice.enter("alice", "correct horse")
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	checkAway(t, p, alice, "file")
	if err := os.Mkdir(dir, 0o700); err != nil { // what is below the mount
		t.Fatal(err)
	}
	checkAway(t, p, alice, "file")
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(mounted, dir); err != nil {
		t.Fatal(err)
	}
	checkBack(t, alice)
}

// otherDevice creates a folder on another file system than base.
func otherDevice(t *testing.T, base string) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "coatcheck-test-")
	if err != nil {
		t.Skipf("no other file system: %v", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	var here, there syscall.Stat_t
	if err := errors.Join(syscall.Stat(base, &here), syscall.Stat(dir, &there)); err != nil || here.Dev == there.Dev {
		t.Skip("/dev/shm is the file system of the tests")
	}
	return dir
}

// TestCacheAway: with the engine cache, an unreachable Redis is a failure of the store that
// /readyz names.
func TestCacheAway(t *testing.T) {
	hole := newTunnel(t, testenv.Redis(t))
	p := start(t, t.TempDir(), nil, "--session-engine", "cache", "--cache", "redis://"+hole.address()+"/0")
	alice := p.visitor()
	alice.enter("alice", "correct horse")
	hole.cut()
	checkAway(t, p, alice, "cache")
	hole.mend()
	wait(t, "Redis is back", func() bool { return strings.HasPrefix(alice.get("/readyz").body, "ready") })
	checkBack(t, alice)
}

// TestCacheBesideRowsAway: with the engine cached_db, anyone who is signed in is served from
// the rows while Redis is unreachable, and nobody logs in or out; /readyz says so and
// keeps the requests coming.
func TestCacheBesideRowsAway(t *testing.T) {
	for _, flag := range []string{"--cached-db-read-rows", "--no-cached-db-read-rows"} {
		t.Run(flag, func(t *testing.T) {
			hole := newTunnel(t, testenv.Redis(t))
			p := start(t, t.TempDir(), nil, "--session-engine", "cached_db", "--cache", "redis://"+hole.address()+"/0", flag)
			alice := p.visitor()
			alice.enter("alice", "correct horse")
			hole.cut()
			alice.get("/accounts/profile/").expect(t, "profile", http.StatusOK, alicesProfile)
			for what, got := range map[string]answer{
				"logout": alice.post("/accounts/logout/", nil),
				"login":  p.visitor().post("/accounts/login/", credentials("alice", "correct horse")),
			} {
				if cookie, err := got.sessionCookie(); got.status != http.StatusServiceUnavailable || err == nil {
					t.Errorf("%s: %d %s, cookie %v", what, got.status, got.body, cookie)
				}
			}
			const fault = "the session cache is unreachable, so nobody can log in or out"
			alice.get("/readyz").expect(t, "readiness", http.StatusOK, "ready, but "+fault)
			wait(t, "the log says it", func() bool { return strings.Contains(p.err.String(), `level=WARN msg="`+fault) })
			hole.mend()
			wait(t, "Redis is back", func() bool { return strings.TrimSpace(alice.get("/readyz").body) == "ready" })
			alice.post("/accounts/logout/", nil).expect(t, "logout", http.StatusOK, `{"message":"Logout successful"}`)
		})
	}
}
