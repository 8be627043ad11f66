package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestSessionMaxAge: a session ends at its age though it is used all the time, and a login
// of its user then begins another.
func TestSessionMaxAge(t *testing.T) {
	p := start(t, t.TempDir(), nil, "--session-max-age", "2", "--session-save-every-request")
	v := p.visitor()
	first := v.enter("alice", "correct horse")
	began := time.Now()
	v.get("/accounts/profile/").expect(t, "profile", http.StatusOK, alicesProfile)
	v.post("/accounts/login/", credentials("alice", "correct horse")) // which does not extend it
	wait(t, "the session ends", func() bool { return v.get("/accounts/profile/").status == http.StatusFound })
	if age := time.Since(began); age < 500*time.Millisecond || age > 6*time.Second {
		t.Errorf("it ended after %v", age)
	}
	got := v.post("/accounts/login/", credentials("alice", "correct horse"))
	if cookie, err := got.sessionCookie(); err != nil || cookie.Value == first {
		t.Errorf("the next login: %d, %v", got.status, err)
	}
	v.get("/accounts/profile/").expect(t, "profile after it", http.StatusOK, alicesProfile)
}

// TestSessionMaxAgeOfOthers: a session that says nothing of its beginning, as one of a
// Django's, begins when it is seen first.
func TestSessionMaxAgeOfOthers(t *testing.T) {
	dir := t.TempDir()
	before := start(t, dir, nil)
	key := before.visitor().enter("alice", "correct horse")
	before.stop()
	p := start(t, dir, nil, "--session-max-age", "2")
	cookie := []string{"Cookie", "sessionid=" + key}
	p.visitor().get("/accounts/profile/", cookie...).expect(t, "profile", http.StatusOK, alicesProfile)
	wait(t, "the session ends", func() bool { return p.visitor().get("/accounts/profile/", cookie...).status == http.StatusFound })
	for _, age := range []string{"-1", "18446744074"} {
		if out := refused(t, "check", "--session-max-age="+age); !strings.Contains(out, "it must be from 0 to") {
			t.Errorf("%s: %s", age, out)
		}
	}
}
