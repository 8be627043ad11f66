package conformance_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// settingsPair is a Django with a settings module, and a coatcheck serve with the
// config that the module became.
type settingsPair struct {
	t        *testing.T
	dir      string // of the project: its module is site_settings
	module   string // its text
	django   *twin
	python   string // a folder of Python packages besides
	alias    string // of the database of the users
	password string // of the database
	config   map[string]any
	notes    strings.Builder // of the conversion
	env      []string        // of coatcheck
	base     string          // of coatcheck
	log      *strings.Builder
	stop     func() // of coatcheck
	drop     string // a key to leave out of the config
}

// TestSettingsPairs lets pairs log in on both sides: a Django with a module of the
// table of settings, and a server with what the module was converted to. A login on
// one side is one on the other, no login hashes anew what the other application hashed,
// and a logout ends both. In every run of the tests a sample, and all of them with
// COATCHECK_SETTINGS_PAIRS=all.
func TestSettingsPairs(t *testing.T) {
	t.Parallel()
	archive, err := txtar.ParseFile("commands/testdata/settings.txtar")
	must(t, err)
	ran, all := 0, os.Getenv("COATCHECK_SETTINGS_PAIRS") == "all"
	for _, file := range archive.Files {
		head, _, _ := strings.Cut(string(file.Data), "\n")
		words := strings.Fields(head) // # Django 5.2 pair quick
		name, module := strings.CutSuffix(file.Name, ".py")
		if !module || len(words) < 4 || words[3] != "pair" || len(words) < 5 && !all {
			continue
		}
		ran++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newSettingsPair(t, words[2], string(file.Data))
			p.start()
			p.loginsOfBothSides()
			p.hashesOfBothSides()
			p.oldHashes()
			p.logouts()
		})
	}
	if ran < 4 {
		t.Errorf("%d pairs were tried", ran)
	}
}

func newSettingsPair(t *testing.T, version, module string) *settingsPair {
	t.Helper()
	p := &settingsPair{t: t, dir: t.TempDir(), module: module, alias: "default"}
	p.django = newTwin(t, version, testenv.Database{})
	p.django.dir = p.dir
	p.bring()
	text := "from project import *\n" + p.module
	if !strings.Contains(module, "PASSWORD_HASHERS") && !strings.HasSuffix(module, "pair\n") { // cheap ones
		text += "\nPASSWORD_HASHERS = ['costs.MyPBKDF2PasswordHasher']\n"
	}
	p.file("site_settings.py", text)
	must(t, os.Mkdir(filepath.Join(p.dir, "sessions"), 0o700))
	site, err := filepath.Abs("django")
	must(t, err)
	p.django.env = append(p.django.env, "PROJECT_DIR="+p.dir, "PYTHONPATH="+strings.Join([]string{p.dir, site, p.python}, ":"),
		"DJANGO_SETTINGS_MODULE=site_settings")
	return p
}

// start converts the settings, creates the tables, and starts both sides.
func (p *settingsPair) start() {
	p.t.Helper()
	path, err := binary()
	must(p.t, err)
	convert := exec.CommandContext(p.t.Context(), path, "settings", "--from-django", "site_settings", "--python", p.django.python)
	convert.Dir, convert.Env = p.dir, p.django.env
	convert.Stderr = &p.notes
	made, err := convert.Output()
	if err != nil {
		p.t.Fatalf("%v\n%s", err, &p.notes)
	}
	must(p.t, json.Unmarshal(made, &p.config))
	delete(p.config, p.drop)
	made, err = json.Marshal(p.config)
	must(p.t, err)
	file := p.file("coatcheck.json", string(made))
	p.env = append(append(os.Environ(), "COATCHECK_SECRET_KEY="+secretKey), p.env...)
	if address, err := url.Parse(fmt.Sprint(p.config["database"])); err == nil && address.Scheme == "mysql" { // as the note says
		address.User = url.UserPassword(address.User.Username(), p.password)
		p.env = append(p.env, "COATCHECK_DATABASE="+address.String())
	}
	p.django.Manage("migrate", "-v", "0", "--database", p.alias)
	p.django.Start()
	serve := exec.CommandContext(p.t.Context(), path, "serve", "--config", file, "--addr", "127.0.0.1:0", "--no-create")
	serve.Dir, serve.Env = p.dir, p.env
	p.log = &strings.Builder{}
	serve.Stderr = p.log
	out, err := serve.StdoutPipe()
	must(p.t, err)
	must(p.t, serve.Start())
	p.stop = sync.OnceFunc(func() {
		serve.Process.Kill()
		serve.Wait() // it was killed
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	p.t.Cleanup(func() {
		p.stop()
		if p.t.Failed() {
			p.t.Logf("the config:\n%s\nthe log of coatcheck:\n%s", made, p.log)
		}
	})
	base, ok := strings.CutPrefix(strings.TrimSpace(line), "Coatcheck is at ")
	if !ok {
		p.t.Fatalf("coatcheck did not start: %v %s", err, line)
	}
	p.base = strings.TrimSuffix(base, "/")
}

// URL is an address of Coatcheck's side.
func (p *settingsPair) URL(path string) string { return p.base + path }

// post sends a form to Coatcheck as its page does, with the token.
func (p *settingsPair) post(b *browser, page string, form url.Values) reply {
	p.t.Helper()
	token := tokenField.FindStringSubmatch(b.html(p.URL(page)))
	if token == nil {
		p.t.Fatalf("no token in %s", page)
	}
	form.Set("csrfmiddlewaretoken", token[1])
	response, err := b.client.PostForm(p.URL(page), form)
	must(p.t, err)
	defer response.Body.Close()
	return reply{status: response.StatusCode, location: response.Header.Get("Location")}
}

// html is a page as a browser asks for it.
func (b *browser) html(url string) string {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, url, nil)
	must(b.t, err)
	r.Header.Set("Accept", "text/html")
	response, err := b.client.Do(r)
	must(b.t, err)
	defer response.Body.Close()
	var text strings.Builder
	_, err = bufio.NewReader(response.Body).WriteTo(&text)
	must(b.t, err)
	return text.String()
}

// enter logs in at one side: at Coatcheck, or at Django.
func (p *settingsPair) enter(b *browser, coatcheck bool, user string) {
	p.t.Helper()
	if !coatcheck {
		b.wants(b.post(p.django.URL("/accounts/login/"), fields{"username": user, "password": somePassword}), http.StatusOK)
		return
	}
	got := p.post(b, "/accounts/login/", url.Values{"username": {user}, "password": {somePassword}})
	if got.status != http.StatusFound && got.status != http.StatusSeeOther && got.status != http.StatusOK {
		p.t.Fatalf("the login at Coatcheck: %d", got.status)
	}
}

// signedIn checks that both sides know the browser's user, or that neither does.
func (p *settingsPair) signedIn(b *browser, want bool, when string) {
	p.t.Helper()
	status := map[bool]int{true: http.StatusOK, false: http.StatusFound}[want]
	if got := b.get(p.django.URL("/accounts/profile/")).status; got != status {
		p.t.Errorf("%s: Django answers %d, want %d", when, got, status)
	}
	if got := b.get(p.URL("/accounts/profile/")).status; got != status {
		p.t.Errorf("%s: Coatcheck answers %d, want %d", when, got, status)
	}
}

const settingsUser = "anna@example.com"

// loginsOfBothSides: a user of Django's, whose hash Django made.
func (p *settingsPair) loginsOfBothSides() {
	p.t.Helper()
	user := fields{"username": settingsUser, "password": somePassword}
	if p.config["user_table"] == nil {
		user["email"] = settingsUser
	} else {
		user["extra"] = fields{"company": "Coats & Co", "employees": 7}
	}
	b := newBrowser(p.t)
	b.wants(b.post(p.django.URL("/accounts/signup/"), user), http.StatusCreated)
	p.logins(settingsUser, "of Django's")
}

// hashesOfBothSides: a user of Coatcheck's, whose hash Coatcheck made.
func (p *settingsPair) hashesOfBothSides() {
	p.t.Helper()
	if p.config["user_table"] != nil { // whose columns the sign-up page does not ask for
		return
	}
	const user = "berta@example.com"
	form := url.Values{"username": {user}, "email": {user}, "password1": {somePassword}, "password2": {somePassword}, "password": {somePassword}}
	if got := p.post(newBrowser(p.t), "/accounts/signup/", form); got.status >= http.StatusBadRequest {
		p.t.Fatalf("the sign-up at Coatcheck: %d", got.status)
	}
	p.logins(user, "of Coatcheck's")
}

// oldHashes: users whose hashes Coatcheck reads and never makes.
func (p *settingsPair) oldHashes() {
	p.t.Helper()
	accepted, _ := p.config["accept_hasher"].([]any)
	for _, algorithm := range accepted {
		b := newBrowser(p.t)
		p.enter(b, true, p.hashedBy(fmt.Sprint(algorithm)))
		p.signedIn(b, true, fmt.Sprint("a login at Coatcheck with ", algorithm))
	}
}

// hashedBy creates a user of that name whose hash is of that algorithm.
func (p *settingsPair) hashedBy(algorithm string) string {
	p.t.Helper()
	p.django.Manage("shell", "-c", "from django.contrib.auth.models import User; from django.contrib.auth.hashers import make_password; "+
		"User.objects.create(username='"+algorithm+"', password=make_password('"+somePassword+"', hasher='"+algorithm+"'))")
	return algorithm
}

// logins: anyone who logs in on one side stays signed in on both when another browser
// logs in on the other, since no login hashes anew.
func (p *settingsPair) logins(user, of string) {
	p.t.Helper()
	here, there := newBrowser(p.t), newBrowser(p.t)
	p.enter(here, true, user)
	p.signedIn(here, true, "a login at Coatcheck of a user "+of)
	p.enter(there, false, user)
	p.signedIn(there, true, "a login at Django of a user "+of)
	again := newBrowser(p.t)
	p.enter(again, true, user)
	if p.config["password_update"] != "never" { // else Django hashes anew, as the note says
		p.signedIn(here, true, "after logins on both sides of a user "+of)
	}
	p.signedIn(there, true, "after another login of a user "+of)
}

// logouts: a logout on either side ends the session on both.
func (p *settingsPair) logouts() {
	p.t.Helper()
	here, there := newBrowser(p.t), newBrowser(p.t)
	p.enter(here, true, settingsUser)
	here.wants(here.post(p.django.URL("/accounts/logout/"), fields{}), http.StatusOK)
	p.signedIn(here, false, "after a logout at Django")
	p.enter(there, false, settingsUser)
	p.post(there, "/accounts/logout/", url.Values{})
	p.signedIn(there, false, "after a logout at Coatcheck")
}

// TestOldHashes: rows of hashers that are not in Django's default list, which the
// site's list has, open on both sides with what the settings became. Without the
// flag the account stays closed, and the log says why and never shows the hash.
func TestOldHashes(t *testing.T) {
	t.Parallel()
	const module = "PASSWORD_HASHERS = ['costs.MyPBKDF2PasswordHasher', 'django.contrib.auth.hashers.BCryptPasswordHasher', " +
		"'django.contrib.auth.hashers.MD5PasswordHasher']\n"
	for _, drop := range []string{"", "accept_hasher"} {
		p := newSettingsPair(t, "5.2", module)
		p.drop = drop
		p.start()
		for i, algorithm := range []string{"bcrypt", "md5"} {
			b := newBrowser(t)
			got := p.post(b, "/accounts/login/", url.Values{"username": {p.hashedBy(algorithm)}, "password": {somePassword}})
			p.signedIn(b, drop == "", "a login at Coatcheck with "+algorithm)
			if drop == "" {
				continue
			}
			p.stopAtTheEnd(t, func(log string) {
				want := fmt.Sprintf("user=%d algorithm=%s", i+1, algorithm)
				if got.status != http.StatusUnauthorized || strings.Count(log, want) != 1 || !strings.Contains(log, "--accept-hasher "+algorithm) {
					t.Errorf("%s: %d, and the log has no single %q:\n%s", algorithm, got.status, want, log)
				}
				if strings.Contains(log, algorithm+"$") {
					t.Errorf("the hash is in the log:\n%s", log)
				}
			})
		}
		p.stop()
	}
}

// stopAtTheEnd looks at the log when the server has ended.
func (p *settingsPair) stopAtTheEnd(t *testing.T, look func(log string)) {
	t.Cleanup(func() {
		p.stop()
		look(p.log.String())
	})
}
