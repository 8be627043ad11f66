package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// command runs a command in the folder of a server and returns what it prints.
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

// TestSessionsWritesNothing: listing changes no byte, neither of the database nor of the folder,
// and finds a session that a Django made and nobody has seen here.
func TestSessionsWritesNothing(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, nil)
	key := p.visitor().enter("alice", "correct horse")
	if status := p.stop(); status != 0 {
		t.Fatalf("the exit status is %d", status)
	}
	path := filepath.Join(dir, "coatcheck.db")
	db := openDatabase(t, testenv.Database{Engine: "sqlite3", Name: path})
	row, err := db.SessionByKey(t.Context(), key, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	row.Key = strings.Repeat("d", 32) // as if by a Django
	if err := db.InsertSession(t.Context(), *row); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		out, errs, status := command(t, dir, "sessions", "alice", "--json")
		if status != exitOK || errs != "" || strings.Count(out, `"id"`) != 2 || strings.Count(out, `"elsewhere"`) != 1 ||
			strings.Count(out, `"last_seen"`) != 1 {
			t.Errorf("%d %s%s", status, out, errs)
		}
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the database is another one, %v", err)
	}
	if got := files(t, dir); !slices.Equal(got, []string{"coatcheck.db", "coatcheck.secret"}) {
		t.Errorf("the folder has %v", got)
	}
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
