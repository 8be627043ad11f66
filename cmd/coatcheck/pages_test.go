package main

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// commanded is command n of a page of the documentation, without its first words.
func commanded(t *testing.T, page string, n int, command string) []string {
	t.Helper()
	flags, ok := strings.CutPrefix(strings.TrimSpace(written(t, page, "sh", n)), command+" ")
	if !ok {
		t.Fatalf("command %d of %s is no %s", n, page, command)
	}
	return strings.Fields(flags)
}

// TestPasswordsPage runs the server of docs/passwords.md: it stores hashes as that Django
// does, and reads the old rows.
func TestPasswordsPage(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, nil, commanded(t, "passwords.md", 1, "coatcheck serve")...)
	p.visitor().enter("alice", "correct horse")
	d := testenv.Database{Engine: "sqlite3", Name: filepath.Join(dir, "coatcheck.db")}
	var stored string
	if err := open(t, d).QueryRowContext(t.Context(), "SELECT password FROM auth_user").Scan(&stored); err != nil {
		t.Fatal(err)
	}
	rest, ok := strings.CutPrefix(stored, "argon2$argon2id$v=19$m=102400,t=2,p=8$")
	_, digest, _ := strings.Cut(rest, "$")
	if raw, err := base64.RawStdEncoding.DecodeString(digest); !ok || err != nil || len(raw) != 16 {
		t.Errorf("stored: %s", stored)
	}
	old, err := bcrypt.GenerateFromPassword([]byte("correct horse"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	statement(t, d, "UPDATE auth_user SET password = ?", "bcrypt$"+string(old))
	if got := p.visitor().post("/accounts/login/", credentials("alice", "correct horse")); got.status != http.StatusOK {
		t.Errorf("an old row: %d %s", got.status, got.body)
	}
}

// TestSessionEnginesPage runs the commands of docs/session-engines.md: sessions are where
// the page says.
func TestSessionEnginesPage(t *testing.T) {
	const page, address = "session-engines.md", "10.0.0.5:6379"
	flags, server := commanded(t, page, 1, "coatcheck serve"), testenv.Redis(t)
	for i, flag := range flags {
		flags[i] = strings.Replace(flag, address, server, 1)
	}
	start(t, t.TempDir(), nil, flags...).visitor().enter("alice", "correct horse")
	if got := redisSays(t, server, "SELECT 1", "DBSIZE"); got != ":1" {
		t.Errorf("keys in Redis: %s", got)
	}

	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "sessions"), 0o700); err != nil {
		t.Fatal(err)
	}
	p := start(t, dir, nil, commanded(t, page, 2, "coatcheck serve")...)
	key := p.visitor().enter("alice", "correct horse")
	expired := filepath.Join(dir, "sessions", "sessionid"+strings.Repeat("a", 32))
	monthAgo := time.Now().AddDate(0, -1, 0)
	if err := errors.Join(os.WriteFile(expired, nil, 0o600), os.Chtimes(expired, monthAgo, monthAgo)); err != nil {
		t.Fatal(err)
	}
	clear := exec.CommandContext(t.Context(), "coatcheck", append([]string{"clearsessions"}, commanded(t, page, 3, "coatcheck clearsessions")...)...)
	clear.Dir, clear.Env = dir, environment()
	if out, err := clear.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v: %s", err, out)
	}
	left, err := filepath.Glob(filepath.Join(dir, "sessions", "sessionid*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != "sessionid"+key {
		t.Errorf("left: %v, %v", left, err)
	}
}

// redisSays is the response to the last of the commands.
func redisSays(t *testing.T, address string, commands ...string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, strings.Join(append(commands, "QUIT", ""), "\r\n"))
	text, err := io.ReadAll(bufio.NewReader(conn))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\r\n")[len(commands)-1]
}
