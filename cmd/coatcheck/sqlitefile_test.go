package main

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// djangoFile has a Django run a line of Python on a database file, and returns the file.
func djangoFile(t *testing.T, path, line string) []byte {
	t.Helper()
	const setUp = `import sys, django
from django.conf import settings
settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}}, USE_TZ=True,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"])
django.setup()
from django.core.management import call_command
from django.contrib.auth.models import User
`
	cmd := exec.CommandContext(t.Context(), testenv.Django(t, "5.2"), "-c", setUp+line, path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return contents(t, path)
}

func contents(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// alone reports a file that stands beside another, and a header that says WAL.
func alone(t *testing.T, path, after string) {
	t.Helper()
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 {
		t.Errorf("after %s: the folder has %v, %v", after, files, err)
	}
	if version := contents(t, path)[18]; version != 1 {
		t.Errorf("after %s: the journal is of kind %d, want 1", after, version)
	}
}

// TestDjangosSQLiteFile: a file that Django made keeps its journal mode, by whatever
// command it is opened, and is not touched by those that only look.
func TestDjangosSQLiteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db.sqlite3")
	made := djangoFile(t, path, "call_command('migrate', verbosity=0)")
	for _, flag := range []string{"--check", "--plan"} {
		if _, errs, status := command(t, t.TempDir(), "migrate", flag, "--database", "sqlite:"+path); errs != "" {
			t.Errorf("migrate %s: %d %s", flag, status, errs)
		}
		if !bytes.Equal(contents(t, path), made) {
			t.Errorf("migrate %s changed the file", flag)
		}
		alone(t, path, "migrate "+flag)
	}
	p := start(t, t.TempDir(), nil, "--database", "sqlite:"+path, "--secret-key-file", secretFile(t), "--guard", "cross-origin")
	v := p.visitor()
	v.enter("alice", "correct horse")
	djangoFile(t, path, "User.objects.create_user('bob', password=None)")
	if got := v.get("/accounts/profile/"); got.status != http.StatusOK {
		t.Errorf("after Django has written: %d %s", got.status, got.body)
	}
	p.stop()
	alone(t, path, "serve")

	wal := filepath.Join(t.TempDir(), "db.sqlite3")
	start(t, t.TempDir(), nil, "--create", "--database", "sqlite:"+wal, "--secret-key-file", secretFile(t)).stop()
	made = contents(t, wal)
	if _, errs, status := command(t, t.TempDir(), "migrate", "--check", "--database", "sqlite:"+wal); status != 0 {
		t.Errorf("migrate --check of a file of one's own: %d %s", status, errs)
	}
	if files, _ := os.ReadDir(filepath.Dir(wal)); len(files) != 1 || made[18] != 2 || !bytes.Equal(contents(t, wal), made) {
		t.Errorf("a file of one's own: %v, journal %d", files, made[18])
	}
}

// secretFile is a file with a secret key.
func secretFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
