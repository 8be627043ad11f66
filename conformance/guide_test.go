package conformance_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// TestGuide follows docs/django.md to the letter: every block of commands, in
// one shell, in the folder of a project that this Django has just made. Only the
// ports are others, since these may be in use.
func TestGuide(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/django.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		blocks = append(blocks, block[1])
	}
	if len(blocks) != 5 {
		t.Fatalf("the page has %d blocks of commands", len(blocks))
	}
	commands := strings.NewReplacer("127.0.0.1:8000", freeAddress(t), "127.0.0.1:8001", freeAddress(t)).Replace(strings.Join(blocks, "\n"))
	dir := guideProject(t)
	script := "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n" + commands
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Dir, cmd.Env = dir, guideEnvironment(t, dir)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "the admin answers 200") || !strings.Contains(string(out), `{"profile":"private data","user":{"id":"1",`) {
		for _, name := range []string{"django.log", "coatcheck.log"} {
			log, _ := os.ReadFile(filepath.Join(dir, name))
			t.Logf("%s:\n%s", name, log)
		}
		t.Errorf("%v\n%s", err, out)
	}
	if info, err := os.Stat(filepath.Join(dir, "coatcheck.secret")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the secret key file: %v, %v", info.Mode(), err)
	}
}

// guideProject creates a Django project as its users do, with the user ada.
func guideProject(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	env := guideEnvironment(t, dir)
	for _, args := range [][]string{
		{"-m", "django", "startproject", "mysite", "."},
		{"manage.py", "migrate", "-v", "0"},
		{"manage.py", "createsuperuser", "--noinput", "--username", "ada", "--email", "ada@example.com"},
	} {
		cmd := exec.CommandContext(t.Context(), "python", args...)
		cmd.Path = filepath.Join(dir, ".bin", "python")
		cmd.Err = nil
		cmd.Dir, cmd.Env = dir, append(env, "DJANGO_SUPERUSER_PASSWORD=correct horse")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("python %v: %v\n%s", args, err, out)
		}
	}
	return dir
}

// guideEnvironment has python, which is the newest Django's but one, and
// coatcheck on the path.
func guideEnvironment(t *testing.T, dir string) []string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, ".bin")
	for name, target := range map[string]string{"python": testenv.Django(t, "5.2"), "coatcheck": path} {
		if err := os.MkdirAll(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(bin, name)); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
	}
	return append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "PYTHONDONTWRITEBYTECODE=1")
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
