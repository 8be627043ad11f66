package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// EnvChromium names the browser to take instead of the first one in PATH.
const EnvChromium = "COATCHECK_CHROMIUM"

// EnvDjango names the folder that conformance/setup-django.sh filled. Where it is
// not set, it is .cache/django of the project or /opt/django, the first that is
// there.
const EnvDjango = "COATCHECK_DJANGO"

// DjangoVersions are the versions of Django that the project is held against,
// the oldest first.
func DjangoVersions() []string { return []string{"3.2", "4.2", "5.2", "6.1"} }

// Chromium is the path of a Chromium or Chrome. As root it needs --no-sandbox.
func Chromium(t testing.TB) string {
	t.Helper()
	names := []string{"chromium", "chromium-browser", "google-chrome"}
	if given := os.Getenv(EnvChromium); given != "" {
		names = []string{given}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	absent(t, fmt.Errorf("%s is %w", names[0], errAbsent), "apt-get install chromium")
	return ""
}

// Django is the path of a Python that imports that version of Django ("5.2"),
// to be run in the place of python3.
func Django(t testing.TB, version string) string {
	t.Helper()
	python, err := django(version)
	if err != nil {
		absent(t, err, "sudo conformance/setup-django.sh")
	}
	return python
}

// DjangoApps is the folder into which conformance/setup-apps.sh unpacked graphite-web and
// mailman3-web of Debian 12. They run on Django 3.2.
func DjangoApps(t testing.TB) string {
	t.Helper()
	for _, dir := range djangoDirs() {
		if _, err := os.Stat(filepath.Join(dir, "apps", ".complete")); err == nil {
			return filepath.Join(dir, "apps")
		}
	}
	absent(t, fmt.Errorf("graphite-web and mailman3-web are %w", errAbsent), "sudo conformance/setup-apps.sh")
	return ""
}

// DjangoLibraries are what conformance/setup-apps.sh unpacked for the settings of real
// sites, django-redis for instance, as environment variables of a Python of Django 3.2 to 5.2.
func DjangoLibraries(t testing.TB) []string {
	t.Helper()
	for _, dir := range djangoDirs() {
		lib := filepath.Join(dir, "libraries", "usr", "lib")
		shared, err := filepath.Glob(filepath.Join(lib, "*-linux-gnu"))
		if _, missing := os.Stat(filepath.Join(dir, "libraries", ".complete")); missing != nil || err != nil || len(shared) != 1 {
			continue
		}
		return []string{"PYTHONPATH=" + filepath.Join(lib, "python3", "dist-packages"), "LD_LIBRARY_PATH=" + shared[0]}
	}
	absent(t, fmt.Errorf("django-redis and others are %w", errAbsent), "sudo conformance/setup-apps.sh")
	return nil
}

// Djangos are those of [DjangoVersions] that are on this machine. The versions
// that are not are logged; where there is none, the test is skipped, or fails
// where CI=true.
func Djangos(t testing.TB) []string {
	t.Helper()
	var here []string
	for _, version := range DjangoVersions() {
		if _, err := django(version); err != nil {
			t.Logf("testenv: without %v", err)
			continue
		}
		here = append(here, version)
	}
	if len(here) == 0 {
		absent(t, fmt.Errorf("every Django is %w", errAbsent), "sudo conformance/setup-django.sh")
	}
	return here
}

type wrapper struct {
	once sync.Once
	path string
	err  error
}

var wrappers sync.Map // version → *wrapper

// django looks for the wrapper and tries it, once per test binary.
func django(version string) (string, error) {
	found, _ := wrappers.LoadOrStore(version, &wrapper{})
	w := found.(*wrapper)
	w.once.Do(func() { w.path, w.err = tryDjango(version) })
	return w.path, w.err
}

func tryDjango(version string) (string, error) {
	var looked []string
	for _, dir := range djangoDirs() {
		path := filepath.Join(dir, "bin", "python-"+version)
		looked = append(looked, path)
		if _, err := exec.LookPath(path); err != nil {
			continue
		}
		out, err := exec.Command(path, "-c", "import django; print(django.get_version())").CombinedOutput()
		got := strings.TrimSpace(string(out))
		if err != nil || !strings.HasPrefix(got+".", version+".") {
			return "", fmt.Errorf("Django %s: %s says %q (%v), so it is %w", version, path, got, err, errAbsent)
		}
		return path, nil
	}
	return "", fmt.Errorf("Django %s (looked for %s) is %w", version, strings.Join(looked, ", "), errAbsent)
}

// djangoDirs are the folders to look into.
func djangoDirs() []string {
	if given := os.Getenv(EnvDjango); given != "" {
		return []string{given}
	}
	var dirs []string
	for dir, err := os.Getwd(); err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			dirs = append(dirs, filepath.Join(dir, ".cache", "django")) // of a module inside ours too
		}
	}
	return append(dirs, "/opt/django")
}
