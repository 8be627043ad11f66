package main

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// command runs a command in the folder of a server and gives what it prints.
func command(t *testing.T, dir string, args ...string) (out, errs string, status int) {
	t.Helper()
	var o, e output
	cmd := exec.CommandContext(t.Context(), "coatcheck", args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, environment(), &o, &e
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

// TestSessionsAndLogout: an operator sees where a user is signed in and ends it,
// whatever the session engine.
func TestSessionsAndLogout(t *testing.T) {
	for name, flags := range map[string][]string{
		"db":               nil,
		"file":             {"--session-engine", "file", "--session-file-path", t.TempDir()},
		"cached_db, Redis": {"--session-engine", "cached_db", "--cache", "redis://" + testenv.Redis(t) + "/0"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			p := start(t, dir, nil, flags...)
			first, second, other := p.visitor(), p.visitor(), p.visitor()
			first.enter("alice", "correct horse")
			second.post("/accounts/login/", credentials("alice", "correct horse"), "User-Agent", "curl/8.14.1")
			other.enter("bob", "battery staple")
			in := func(v *visitor) bool { return v.get("/api/profile").status == http.StatusOK }
			call := func(args ...string) (string, string, int) { return command(t, dir, append(args, flags...)...) }

			out, errs, status := call("sessions", "alice")
			if lines := strings.Split(out, "\n"); status != 0 || errs != "" || len(lines) != 4 || !strings.Contains(out, "curl") ||
				!strings.Contains(out, "127.0.0.1") || !strings.Contains(out, "password") {
				t.Fatalf("%d\n%s%s", status, out, errs)
			}
			out, _, _ = call("sessions", "alice", "--json")
			var list struct{ Sessions []listed }
			if err := json.Unmarshal([]byte(out), &list); err != nil || len(list.Sessions) != 2 {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, s := range list.Sessions {
				if len(s.ID) != 64 || time.Since(s.FirstSeen) > time.Minute || s.IP != "127.0.0.1" {
					t.Errorf("%+v", s)
				}
				if s.Browser != "curl" {
					continue
				}
				if out, errs, _ := call("logout", "alice", "--id", s.ID[:shortID]); out != "Ended 1 session of user 'alice'\n" {
					t.Errorf("%s%s", out, errs)
				}
				if _, errs, status := call("logout", "alice", "--id", s.ID); status != exitFailed || !strings.Contains(errs, "user 'alice' has no session "+s.ID) {
					t.Errorf("ended twice: %d %s", status, errs)
				}
			}
			if !in(first) || in(second) || !in(other) {
				t.Errorf("after one was ended: %v %v %v", in(first), in(second), in(other))
			}
			if out, errs, _ := call("logout", "alice"); out != "Ended 1 session of user 'alice'\n" {
				t.Errorf("%s%s", out, errs)
			}
			if in(first) || !in(other) {
				t.Errorf("after all were ended: %v %v", in(first), in(other))
			}
			if out, errs, status := call("sessions", "alice"); out != "User 'alice' is signed in nowhere.\n" || errs != "" || status != 0 {
				t.Errorf("%d %s%s", status, out, errs)
			}
		})
	}
}
