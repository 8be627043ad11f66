package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/vectors"
)

// recorded is a call of manage.py with what came of it.
type recorded struct {
	Args   []string
	Env    map[string]string
	Typed  []string `json:"pty_input"` // null where there was no terminal
	Note   string
	RC     int
	Stdout string
	Stderr string
}

// differs reports what is not the same here, and why.
func differs(r recorded, django string) (reason string, same func(stdout, stderr string, rc int) bool) {
	switch {
	case r.Args[0] == "check":
		return "the sentences name flags, and the record has the last findings only", func(stdout, stderr string, rc int) bool {
			session, csrf := strings.Index(stderr, "?: (security.W012)"), strings.Index(stderr, "?: (security.W016)")
			return rc == r.RC && stdout == r.Stdout && 0 < session && session < csrf &&
				strings.HasPrefix(stderr, "System check identified some issues:\n\nWARNINGS:\n") && strings.HasSuffix(stderr, " issues (0 silenced).\n")
		}
	case strings.HasPrefix(r.Note, "blank email") && (strings.HasPrefix(django, "3.") || strings.HasPrefix(django, "4.")):
		return "an empty e-mail address is taken, as Django does since 5.0", func(stdout, _ string, rc int) bool {
			return rc == 0 && stdout == "Superuser created successfully.\n"
		}
	}
	return "", nil
}

// ourName puts the name of this program in the place of Django's.
var ourName = strings.NewReplacer("python manage.py", "coatcheck", "manage.py", "coatcheck",
	"\nOperation cancelled.\n", "\ncoatcheck: operation cancelled\n")

// theirError is how Django's commands write an error.
var theirError = regexp.MustCompile(`CommandError: (?:Error: )?(.)(.*?)\.?\n`)

// ours writes what Django said under the name of this program, and its errors in our form.
func ours(text string) string {
	return theirError.ReplaceAllStringFunc(ourName.Replace(text), func(line string) string {
		part := theirError.FindStringSubmatch(line)
		return "coatcheck: " + strings.ToLower(part[1]) + part[2] + "\n"
	})
}

// TestVectors replays what was recorded of Django's commands, each Django's
// calls in turn on one database.
func TestVectors(t *testing.T) {
	runs := map[string][]vectors.Record{}
	for _, r := range vectors.Load(t, "cli") {
		runs[r.Django()] = append(runs[r.Django()], r)
	}
	for django, records := range runs {
		t.Run(django, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			// Any command of Django's makes the file, and here only serve and migrate do.
			if err := os.WriteFile(filepath.Join(dir, "coatcheck.db"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, r := range records {
				switch r.Kind() {
				case "cli":
					replay(t, dir, r)
				case "users_after":
					compareUsers(t, dir, r)
				default:
					t.Errorf("%v: no test knows this kind", r)
				}
			}
		})
	}
}

func replay(t *testing.T, dir string, record vectors.Record) {
	t.Helper()
	var r recorded
	record.DecodeAll(t, &r)
	cmd := exec.CommandContext(t.Context(), "coatcheck", r.Args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LOGNAME=root", "TERM=xterm", "NO_COLOR=", "COATCHECK_PASSWORD_ITERATIONS=1000",
		"COATCHECK_THROTTLE=off") // Django counts no attempts
	for name, value := range r.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	run := captured
	if r.Typed != nil {
		run = func(t *testing.T, cmd *exec.Cmd) (string, string, int) { return typed(t, cmd, r.Typed) }
	}
	stdout, stderr, rc := run(t, cmd)
	r.Stdout, r.Stderr = ours(r.Stdout), ours(r.Stderr)
	if reason, same := differs(r, record.Django()); reason != "" {
		t.Logf("%v %q: not the same, because %s", record, r.Note, reason)
		if !same(stdout, stderr, rc) {
			t.Errorf("%v %q: not even similar: %d %q %q", record, r.Args, rc, stdout, stderr)
		}
		return
	}
	if diff := cmp.Diff([]any{r.RC, r.Stdout, r.Stderr}, []any{rc, stdout, stderr}); diff != "" {
		t.Errorf("%v %q (-Django +Coatcheck):\n%s", record, r.Args, diff)
	}
}

func captured(t *testing.T, cmd *exec.Cmd) (stdout, stderr string, rc int) {
	t.Helper()
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	rc = exitCode(t, cmd.Run())
	return out.String(), err.String(), rc
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if err == nil {
		return 0
	}
	return exit.ExitCode()
}

// typed runs a command on a terminal and types a line at each prompt.
func typed(t *testing.T, cmd *exec.Cmd, lines []string) (stdout, stderr string, rc int) {
	t.Helper()
	master, slave := openTerminal(t)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	var seen bytes.Buffer
	answered := 0
	chunk := make([]byte, 4096)
	for {
		n, err := master.Read(chunk)
		seen.Write(chunk[:n])
		if err != nil { // EIO: the last one closed the terminal
			break
		}
		if len(lines) > 0 && seen.Len() > answered && bytes.HasSuffix(seen.Bytes(), []byte(": ")) {
			waitForSilence(master, seen.String())
			if _, err := io.WriteString(master, lines[0]+"\n"); err != nil {
				t.Fatal(err)
			}
			answered, lines = seen.Len(), lines[1:]
		}
	}
	rc = exitCode(t, cmd.Wait())
	state, err := unix.IoctlGetTermios(int(master.Fd()), unix.TCGETS)
	if err != nil || state.Lflag&unix.ECHO == 0 {
		t.Errorf("%q left the terminal without an echo: %v", cmd.Args, err)
	}
	return strings.ReplaceAll(seen.String(), "\r\n", "\n"), "", rc
}

// waitForSilence returns when the terminal hides what is typed, which is a moment
// after a prompt for a password.
func waitForSilence(master *os.File, shown string) {
	secret := strings.HasSuffix(shown, "Password: ") || strings.HasSuffix(shown, "Password (again): ")
	for range 1000 {
		state, err := unix.IoctlGetTermios(int(master.Fd()), unix.TCGETS)
		if err != nil || (state.Lflag&unix.ECHO == 0) == secret {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// openTerminal creates a pseudo terminal: what is written to the one end is typed
// on the other.
func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo terminals here: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}

// compareUsers compares the rows that the calls left.
func compareUsers(t *testing.T, dir string, record vectors.Record) {
	t.Helper()
	var rows [][]any
	record.Decode(t, "rows", &rows)
	db, err := sqlite.Config{DSN: filepath.Join(dir, "coatcheck.db"), NoCreate: true}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, row := range rows {
		user, err := db.UserByUsername(t.Context(), row[0].(string))
		if err != nil {
			t.Errorf("%v: %v: %v", record, row[0], err)
			continue
		}
		if hash := row[8].(string); hash[0] == '!' {
			row[8] = "!" // the rest is random
		}
		if diff := cmp.Diff(row[:9], columns(user)); diff != "" {
			t.Errorf("%v (-Django +Coatcheck):\n%s", record, diff)
		}
		if n := len(user.Password.Encoded()); !user.Password.Usable() && n != int(row[9].(float64)) {
			t.Errorf("%v: an unusable password has %d characters, Django's has %v", record, n, row[9])
		}
	}
}

// columns is a user as the record has it: numbers for booleans, the beginning
// of the hash, and null for a user who never logged in.
func columns(u *database.User) []any {
	number := map[bool]float64{true: 1}
	var lastLogin any
	if !u.LastLogin.IsZero() {
		lastLogin = u.LastLogin
	}
	hash := "!"
	if u.Password.Usable() {
		hash = u.Password.Encoded()[:len("pbkdf2_sha256$")]
	}
	return []any{u.Username, u.Email, number[u.IsStaff], number[u.IsSuperuser], number[u.IsActive], u.FirstName, u.LastName, lastLogin, hash}
}

// TestInterrupt: Ctrl-C at a prompt cancels, and the terminal shows again what is
// typed.
func TestInterrupt(t *testing.T) {
	dir := t.TempDir()
	if out, err := quietly(t, dir, "migrate").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, lines := range map[string][]string{
		"at a question": {"\x03"}, "at a password": {"alice", "", "\x03"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := quietly(t, dir, "createsuperuser")
			cmd.Env = append(cmd.Env, "NO_COLOR=1", "LOGNAME=root")
			shown, _, rc := typed(t, cmd, lines)
			if rc != exitFailed || !strings.HasSuffix(shown, "\ncoatcheck: operation cancelled\n") || strings.Contains(shown, "created") {
				t.Errorf("exit status %d, %q", rc, shown)
			}
		})
	}
}
