package conformance_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// debianApp is a site of an application as Debian 12 packages it.
type debianApp struct {
	t    *testing.T
	dir  string
	env  []string
	base string // of its server
}

// newDebianApp returns a site: the package's files in a folder of their own, with a copy of
// the database that setup-apps.sh made, and users.
func newDebianApp(t *testing.T, name, database, users string) *debianApp {
	t.Helper()
	apps, dir := testenv.DjangoApps(t), t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "./app-site.sh", apps, name, dir).CombinedOutput(); err != nil {
		t.Fatalf("app-site.sh: %v\n%s", err, out)
	}
	tables, err := os.ReadFile(filepath.Join(apps, name, database))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, database), tables, 0o600))
	a := &debianApp{t: t, dir: dir}
	a.env = guideEnvironment(t, dir)
	python := filepath.Join(dir, ".bin", "python")
	must(t, os.Remove(python))
	must(t, os.Symlink(testenv.Django(t, "3.2"), python))
	a.env = append(a.env, "PYTHONPATH="+dir+":"+filepath.Join(apps, "usr/lib/python3/dist-packages"), "PYTHONWARNINGS=ignore")
	// Debian's wrapper loses quotes: mailman-web is sh -c "python3 …/manage.py $*".
	must(t, os.WriteFile(filepath.Join(dir, ".bin", "wrapper"), []byte("#!/bin/sh\nexec sh -c \"python manage.py $*\"\n"), 0o755))
	a.shell("wrapper shell", users)
	return a
}

// shell runs a command line in the folder and returns what it printed.
func (a *debianApp) shell(line, stdin string) string {
	a.t.Helper()
	cmd := exec.CommandContext(a.t.Context(), "bash", "-c", "set -euo pipefail\n"+line)
	cmd.Dir, cmd.Env, cmd.Stdin = a.dir, a.env, strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		a.t.Fatalf("%s: %v\n%s%s", line, err, out, stderr.Bytes())
	}
	return string(out)
}

// follow goes the way of docs/django.md: the first two steps to the letter, but for the
// wrapper, then the conversion of the settings, the tables and both servers.
func (a *debianApp) follow(module string, flags ...string) *server {
	t := a.t
	t.Helper()
	page, err := os.ReadFile("../docs/django.md")
	must(t, err)
	steps := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(page), 2)
	lines := strings.ReplaceAll(steps[0][1]+steps[1][1], "python manage.py", "wrapper")
	iterations := strings.TrimSpace(a.shell(lines+"\necho $ITERATIONS", ""))
	a.shell("coatcheck settings --from-django "+module+" --python python > coatcheck.json\ncoatcheck migrate --config coatcheck.json", "")
	a.serve()
	return startServeIn(t, a.dir, []string{"COATCHECK_PASSWORD_ITERATIONS=" + iterations}, append([]string{
		"--config", "coatcheck.json", "--no-create", "--guard", "cross-origin", "--signup-closed",
		"--secret-key-file", "coatcheck.secret",
	}, flags...)...)
}

// serve starts the site and waits until it responds.
func (a *debianApp) serve() {
	a.t.Helper()
	address := freeAddress(a.t)
	cmd := exec.CommandContext(a.t.Context(), filepath.Join(a.dir, ".bin", "python"), "manage.py", "runserver", "--noreload", address)
	cmd.Dir, cmd.Env = a.dir, a.env
	log := &syncBuffer{}
	cmd.Stdout, cmd.Stderr = log, log
	must(a.t, cmd.Start())
	a.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if a.t.Failed() {
			a.t.Logf("the site's log:\n%s", log)
		}
	})
	a.base = "http://" + address
	eventually(a.t, "an answer of the site", func() bool {
		response, err := http.Get(a.base + "/admin/login/")
		if err == nil {
			response.Body.Close()
		}
		return err == nil
	})
}

// URL is an address of the site.
func (a *debianApp) URL(path string) string { return a.base + path }

// signedIn looks whether a page that needs a user is shown.
func (b *browser) signedIn(what, url string, want bool) {
	b.t.Helper()
	if got := b.get(url); (got.status == http.StatusOK) != want || got.status >= 500 {
		b.t.Errorf("%s: status %d, signed in is wanted to be %v: %.300s", what, got.status, want, got.body)
	}
}

const mailmanUsers = `
from django.contrib.auth import get_user_model
from allauth.account.models import EmailAddress
for name, confirmed in [("ada", True), ("joe", False)]:
    user = get_user_model().objects.create_superuser(name, name + "@example.com", "correct horse")
    EmailAddress.objects.create(user=user, email=user.email, verified=confirmed, primary=True)

`

// TestMailman3Web: beside Debian's mailman3-web, whose sessions are pickles, whose users
// log in by allauth's backend too, and whose addresses must be confirmed, a login on
// either side is one on both, and no page of the site fails.
func TestMailman3Web(t *testing.T) {
	t.Parallel()
	site := newDebianApp(t, "mailman3-web", "mailman3web.db", mailmanUsers)
	own := site.follow("settings")
	const members = "/accounts/email/" // a page of allauth's for users
	ada := fields{"username": "ada", "password": "correct horse"}

	b := newBrowser(t)
	b.wants(b.post(own.URL("/accounts/login/"), ada), http.StatusOK)
	b.signedIn("the admin, after a login here", site.URL("/admin/"), true)
	b.signedIn("allauth's page, after a login here", site.URL(members), true)
	b.wants(b.post(own.URL("/accounts/logout/"), fields{}), http.StatusOK)
	b.signedIn("allauth's page, after a logout here", site.URL(members), false)

	for _, name := range []string{"ada", "ada@example.com"} { // by either backend
		b = newBrowser(t)
		b.fill(site.URL("/accounts/login/"), http.StatusFound, "login", name, "password", "correct horse")
		b.signedIn("here, after a login there as "+name, own.URL("/accounts/profile/"), true)
		b.signedIn("there again", site.URL(members), true)
	}
	if n := own.count("WARN", "backend"); n != 0 {
		t.Errorf("%d warnings of backends", n)
	}
	joe := newBrowser(t)
	joe.wants(joe.post(own.URL("/accounts/login/"), fields{"username": "joe", "password": "correct horse"}), http.StatusForbidden)
	joe.signedIn("who has no confirmed address", site.URL(members), false)
}

// TestGraphiteWeb: beside Debian's graphite-web a login on either side is one on both.
func TestGraphiteWeb(t *testing.T) {
	t.Parallel()
	site := newDebianApp(t, "graphite-web", "graphite.db", `
from django.contrib.auth import get_user_model
get_user_model().objects.create_superuser("ada", "ada@example.com", "correct horse")

`)
	shipped := site.shell("sed -n \"s/^SECRET_KEY = '\\(.*\\)'$/\\1/p\" "+filepath.Join(testenv.DjangoApps(t), "usr/lib/python3/dist-packages/graphite/settings.py"), "")
	if out := site.shell("SECRET_KEY='"+strings.TrimSpace(shipped)+"' coatcheck serve --addr 127.0.0.1:0 2>&1 || true", ""); !strings.Contains(out,
		"the secret key has 14 characters; it needs 32 at least") {
		t.Errorf("with the key that it ships: %s", out)
	}
	own := site.follow("graphite.settings")
	b := newBrowser(t)
	b.wants(b.post(own.URL("/accounts/login/"), fields{"username": "ada", "password": "correct horse"}), http.StatusOK)
	b.signedIn("the admin, after a login here", site.URL("/admin/"), true)
	if got := b.get(site.URL("/browser/header/")); got.status != http.StatusOK || !strings.Contains(got.body, "ada") {
		t.Errorf("graphite's own page does not know the user: %d %.500s", got.status, got.body)
	}
	b.wants(b.post(own.URL("/accounts/logout/"), fields{}), http.StatusOK)
	b.signedIn("the admin, after a logout here", site.URL("/admin/"), false)

	b = newBrowser(t)
	r, err := b.client.PostForm(site.URL("/account/login"), map[string][]string{"username": {"ada"}, "password": {"correct horse"}, "nextPage": {"/"}})
	must(t, err)
	r.Body.Close()
	b.signedIn(fmt.Sprintf("here, after a login there (%d)", r.StatusCode), own.URL("/accounts/profile/"), true)
}
