package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// deployPage is docs/deploy.md with its folders below one of the test's.
type deployPage struct {
	t    *testing.T
	dir  string
	text string
}

func newDeployPage(t *testing.T) *deployPage {
	t.Helper()
	text, err := os.ReadFile("../../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, folder := range []string{"etc", "var/lib", "var/backups"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return &deployPage{t, dir, regexp.MustCompile(`/(etc|var/lib|var/backups)/coatcheck\b`).ReplaceAllString(string(text), dir+"/$1/coatcheck")}
}

// blocks are the blocks of code in that language.
func (p *deployPage) blocks(language string) (all []string) {
	p.t.Helper()
	for _, m := range regexp.MustCompile("(?ms)^ *```"+language+"\n(.*?)^ *```$").FindAllStringSubmatch(p.text, -1) {
		all = append(all, m[1])
	}
	return all
}

// run types a block of commands, without an account and a systemd of its own.
func (p *deployPage) run(block string) {
	p.t.Helper()
	const around = "set -eu\nuseradd() { :; }\nchown() { :; }\nsystemctl() { :; }\nrunuser() { shift 3; \"$@\"; }\n"
	cmd := exec.CommandContext(p.t.Context(), "bash", "-c", around+block)
	cmd.Env = environment()
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("%v\n%s\n%s", err, block, out)
	}
}

// start starts the server as the unit does, with the credentials of systemd.
func (p *deployPage) start() *process {
	p.t.Helper()
	unit := strings.ReplaceAll(p.blocks("ini")[0], "\\\n", "")
	command := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/coatcheck serve (.*)$`).FindStringSubmatch(unit)
	if command == nil {
		p.t.Fatalf("the unit starts no server:\n%s", unit)
	}
	credentials := p.t.TempDir()
	for _, m := range regexp.MustCompile(`(?m)^LoadCredential=(\w+):(.*)$`).FindAllStringSubmatch(unit, -1) {
		text, err := os.ReadFile(m[2])
		if err == nil {
			err = os.WriteFile(filepath.Join(credentials, m[1]), text, 0o400)
		}
		if err != nil {
			p.t.Fatal(err)
		}
	}
	args := strings.Fields(strings.ReplaceAll(command[1], "%d", credentials))
	return start(p.t, p.dir, []string{"CREDENTIALS_DIRECTORY=" + credentials}, append(args, "--email-backend", "none")...)
}

// fromProxy are the headers of a request that the proxy passes on.
func fromProxy(key string) []string {
	return []string{"Host", "www.example.com", "X-Forwarded-Proto", "https", "X-Forwarded-For", "192.0.2.7", "Cookie", "sessionid=" + key}
}

// TestDeployPage follows docs/deploy.md: a service is set up, its key is changed in four
// steps, it is backed up and upgraded, and nobody is signed out but who stayed away.
func TestDeployPage(t *testing.T) {
	testenv.Shell(t, "bash")
	for _, program := range []string{"openssl", "sqlite3"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	page := newDeployPage(t)
	settings := page.blocks("json")
	shell := page.blocks("sh")
	if len(settings) != 1 || len(shell) != 7 {
		t.Fatalf("the page has %d blocks of settings and %d of commands", len(settings), len(shell))
	}
	page.run(shell[0])
	if err := os.WriteFile(filepath.Join(page.dir, "etc/coatcheck/coatcheck.json"), []byte(settings[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	page.run(shell[1])
	server := page.start()
	keys := map[string]string{}
	for _, name := range []string{"present", "away"} {
		v := server.visitor()
		v.post("/accounts/signup/", credentials(name, "correct horse"), fromProxy("")...)
		cookie, err := v.post("/accounts/login/", credentials(name, "correct horse"), fromProxy("")...).sessionCookie()
		if err != nil || !cookie.Secure {
			t.Fatalf("the login of %s: %v, %v", name, cookie, err)
		}
		keys[name] = cookie.Value
	}
	if strings.Contains(server.err.String(), "level=WARN") {
		t.Errorf("the server warns: %s", &server.err)
	}
	look := func(what, name string, want int) {
		t.Helper()
		if got := server.visitor().get("/accounts/profile/", fromProxy(keys[name])...); got.status != want {
			t.Errorf("%s: %s gets %d, want %d", what, name, got.status, want)
		}
	}
	for _, step := range []struct {
		what  string
		block int
		away  int
	}{
		{"the new key is accepted", 3, 0}, {"the new key signs", 4, 0}, {"the former key is forgotten", 5, http.StatusFound},
	} {
		server.stop()
		page.run(shell[step.block])
		server = page.start()
		look(step.what, "present", http.StatusOK)
		if step.away != 0 {
			look(step.what, "away", step.away)
		}
	}
	page.run(shell[2]) // while it runs
	if info, err := os.Stat(filepath.Join(page.dir, "var/backups/coatcheck.db")); err != nil || info.Size() == 0 {
		t.Errorf("the backup: %v", err)
	}
	page.run(shell[6])
}

// TestDeployUnit lets systemd judge the unit.
func TestDeployUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	units := newDeployPage(t).blocks("ini")
	if len(units) != 1 {
		t.Fatalf("the page has %d units", len(units))
	}
	unit := filepath.Join(t.TempDir(), "coatcheck.service")
	text := strings.Replace(units[0], "/usr/local/bin/coatcheck", self, 1)
	if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", unit).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}
