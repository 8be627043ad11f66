package main

import (
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// TestUnlock: an operator lets a user whom others locked out log in again, by unlock
// or by changepassword, and an address too, while serve runs.
func TestUnlock(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, nil, "--throttle-address", "12/1h")
	p.visitor().enter("alice", "correct horse")
	guess := func(username, password string) int {
		return p.visitor().post("/accounts/login/", credentials(username, password)).status
	}
	wants := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
	unlock := func(said string, args ...string) {
		t.Helper()
		out, errs, status := command(t, dir, append([]string{"unlock"}, args...)...)
		if status != exitOK || out != said+"\n" || errs != "" {
			t.Errorf("unlock %q: %d\n%s%s", args, status, out, errs)
		}
	}
	lock := func() {
		t.Helper()
		for range 10 {
			wants("a wrong password", guess("alice", "wrong"), http.StatusUnauthorized)
		}
		unlock("Unlocked address 127.0.0.1", "--address", "127.0.0.1")
		wants("a locked account", guess("alice", "correct horse"), http.StatusTooManyRequests)
	}

	lock()
	unlock("Unlocked user 'alice'", "alice")
	wants("an unlocked account", guess("alice", "correct horse"), http.StatusOK)

	lock()
	cmd := exec.CommandContext(t.Context(), "coatcheck", "changepassword", "alice")
	cmd.Dir, cmd.Env, cmd.Stdin = dir, environment(), strings.NewReader("battery staple\nbattery staple\n")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.HasSuffix(string(out), "\nUnlocked user 'alice'\n") {
		t.Errorf("changepassword: %v\n%s", err, out)
	}
	wants("after changepassword", guess("alice", "battery staple"), http.StatusOK)

	for i := range 12 {
		guess("nobody"+strconv.Itoa(i), "wrong")
	}
	wants("a locked address", guess("alice", "battery staple"), http.StatusTooManyRequests)
	unlock("Unlocked user 'alice' and address 127.0.0.1", "alice", "--address", "127.0.0.1")
	wants("an unlocked address", guess("alice", "battery staple"), http.StatusOK)

	if err := os.Remove(dir + "/coatcheck.secret"); err != nil {
		t.Fatal(err)
	}
	_, errs, status := command(t, dir, "unlock", "alice")
	if status != exitFailed || !strings.Contains(errs, "there is no secret key") {
		t.Errorf("without the key: %d %s", status, errs)
	}
}
