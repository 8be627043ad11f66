package main

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// quietly creates a command that is run to its end.
func quietly(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "coatcheck", args...)
	cmd.Dir, cmd.Env = dir, environment()
	return cmd
}

// TestNoSecretInOutput: whatever happens and however much is logged, neither a
// password nor a session key, a hash, the secret key or the database's password
// shows.
func TestNoSecretInOutput(t *testing.T) {
	for _, database := range testenv.Databases(t) {
		t.Run(database.Engine, func(t *testing.T) {
			for _, flags := range [][]string{
				{"--log-format", "json", "--log-level", "debug"},
				{"--log-format", "text", "--log-level", "debug", "--trace"},
			} {
				hunt(t, database, flags)
			}
		})
	}
}

func hunt(t *testing.T, where testenv.Database, flags []string) {
	dir := t.TempDir()
	p := start(t, dir, []string{"COATCHECK_DATABASE=" + where.URL(), "COATCHECK_CREATE=true"}, flags...)
	name := "alice" + filepath.Base(dir)
	v, mallory := p.visitor(), p.visitor()
	canaries := map[string]string{
		"the password": "canary-password-1", "a wrong password": "canary-password-2", "a query": "canary-query",
		"the session key": v.enter(name, "canary-password-1"), "a made-up session key": "canarysessionkey0123456789abcdef",
	}
	mallory.post("/accounts/login/", credentials(name, canaries["a wrong password"]))
	mallory.post("/accounts/login/?next=/"+canaries["a query"], credentials("nobody", canaries["a wrong password"]))
	mallory.post("/accounts/signup/", credentials(name, canaries["a wrong password"]))
	mallory.get("/accounts/profile/?token="+canaries["a query"], "Cookie", "sessionid="+canaries["a made-up session key"])
	mallory.post("/accounts/login/", credentials(name, canaries["the password"]), "Origin", "https://evil.example")
	v.get("/accounts/profile/")

	db := openDatabase(t, where)
	user, err := db.UserByUsername(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	canaries["the hash"] = user.Password.Encoded()
	if where.Password != "" {
		canaries["the password of the database"] = where.Password
	}
	key, err := os.ReadFile(filepath.Join(dir, "coatcheck.secret"))
	if where.Engine == "sqlite3" {
		key, err = os.ReadFile(filepath.Join(filepath.Dir(where.Name), "coatcheck.secret"))
	}
	if err != nil {
		t.Fatal(err)
	}
	canaries["the secret key"] = strings.TrimSpace(string(key))
	corrupt(t, db, canaries["the session key"])
	if got := v.get("/accounts/profile/"); got.status != http.StatusFound {
		t.Errorf("a corrupt session gives %d", got.status)
	}
	v.post("/accounts/logout/", nil)
	if status := p.stop(); status != 0 {
		t.Errorf("the exit status is %d", status)
	}
	text := p.out.String() + p.err.String()
	if !strings.Contains(text, "/accounts/login/") || !strings.Contains(text, "corrupted") {
		t.Fatalf("the log tells nothing:\n%s", text)
	}
	for what, canary := range canaries {
		if strings.Contains(text, canary) {
			t.Errorf("%v: the output shows %s, %q:\n%s", flags, what, canary, text)
		}
	}
}

func openDatabase(t *testing.T, where testenv.Database) *database.DB {
	t.Helper()
	db, err := (&databaseFlags{URL: where.URL(), UseTZ: true}).connect(context.Background(), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// corrupt spoils the stored data of a session.
func corrupt(t *testing.T, db *database.DB, key string) {
	t.Helper()
	row, err := db.SessionByKey(t.Context(), key, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	spoilt := *row
	spoilt.Data = "canary-session-data:nonsense"
	if err := db.UpdateSession(t.Context(), spoilt, row.Data); err != nil {
		t.Fatal(err)
	}
}
