package conformance_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/csrf"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/mail"
	"github.com/coatcheck/coatcheck/mail/mailtest"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cacheddb"
	"github.com/coatcheck/coatcheck/sessions/cachestore/redis"
	"github.com/coatcheck/coatcheck/sessions/dbstore"
	"github.com/coatcheck/coatcheck/signing"
)

// accountPair is a Django site and Coatcheck's account pages on one database, both
// of which write emails into folders.
type accountPair struct {
	t            *testing.T
	django       *twin
	site         *coatcheck.Site
	base         string // of Coatcheck's side
	theirs, ours string // the folders
}

func newAccountPair(t *testing.T, version string, where testenv.Database, engine string) *accountPair {
	t.Helper()
	p := &accountPair{t: t, theirs: t.TempDir(), ours: t.TempDir()}
	settings := []string{"SESSION_ENGINE=django.contrib.sessions.backends." + engine, "EMAIL_DIR=" + p.theirs}
	config := coatcheck.Config{
		Database: openDatabase(t, where, database.UserModel{}),
		Keys:     coatcheck.Keys{Secret: secretKey},
		Site:     coatcheck.SiteOptions{Logger: slog.New(slog.DiscardHandler)},
		Web: coatcheck.WebOptions{
			Guard: coatcheck.GuardCrossOrigin, // the tests post JSON, without tokens
		},
		Passwords: coatcheck.PasswordOptions{
			Hashing: password.Config{Hashers: append([]password.Hasher{password.PBKDF2SHA256{Iterations: 10000}}, password.DefaultHashers()[1:]...)},
		},
	}
	if engine == "cached_db" {
		address := testenv.Redis(t)
		settings = append(settings, "REDIS="+address)
		config.Sessions.Store = cachedStore(t, address, config.Database)
	}
	p.django = newTwin(t, version, where, settings...)
	p.django.Manage("migrate")
	p.django.Start()

	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	p.base = server.URL
	sender, err := mail.NewDir(mail.DirConfig{Path: p.ours})
	must(t, err)
	config.Accounts.Mail, config.Site.BaseURL = sender, server.URL
	p.site, err = coatcheck.New(config)
	must(t, err)
	mux.Handle("/", p.site.Handler(p.site.Views))
	return p
}

func cachedStore(t *testing.T, address string, db *database.DB) sessions.Store {
	t.Helper()
	codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: secretKey}})
	must(t, err)
	cache, err := redis.Open(t.Context(), redis.Config{URL: "redis://" + address + "/0", Timeout: time.Minute})
	must(t, err)
	t.Cleanup(cache.Close)
	store, err := cacheddb.New(cacheddb.Config{Rows: dbstore.New(db, codec), Cache: cache, ReadRows: true})
	must(t, err)
	return store
}

// mailed returns the path of the one link to a new password in the emails of a folder,
// which it empties.
func (p *accountPair) mailed(dir string) string {
	p.t.Helper()
	for {
		sent, err := p.site.Accounts.SendNext(p.t.Context())
		must(p.t, err)
		if !sent {
			break
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	must(p.t, err)
	var links []string
	for _, file := range files {
		raw, err := os.ReadFile(file)
		must(p.t, err)
		must(p.t, os.Remove(file))
		raw, _, _ = bytes.Cut(raw, []byte("\n----------")) // a line behind Django's
		received, err := mailtest.Parse(raw)
		must(p.t, err)
		if found := resetLink.FindStringSubmatch(received.Text); found != nil {
			links = append(links, found[1])
		}
	}
	if len(links) != 1 {
		p.t.Fatalf("%d links in %d mails in %s", len(links), len(files), dir)
	}
	return links[0]
}

var resetLink = regexp.MustCompile(`http://[^/\s]+(/accounts/reset/\S+/)`)

// fill opens a page of Django's, and posts its form with names and values in turn.
func (b *browser) fill(to string, status int, pairs ...string) {
	b.t.Helper()
	found := tokenField.FindStringSubmatch(b.wants(b.get(to), http.StatusOK).body)
	if found == nil {
		b.t.Fatalf("%s has no token", to)
	}
	form := url.Values{csrf.FormField: {found[1]}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, to, strings.NewReader(form.Encode()))
	must(b.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := b.client.Do(r)
	must(b.t, err)
	must(b.t, response.Body.Close())
	if response.StatusCode != status {
		b.t.Fatalf("%s: %d, want %d", to, response.StatusCode, status)
	}
}

// TestAccountTwins: what one side begins, the other ends.
func TestAccountTwins(t *testing.T) {
	t.Parallel()
	eachDjango(t, func(t *testing.T, version string) {
		for _, engine := range []string{"db", "cached_db"} {
			if engine == "cached_db" && version == "3.2" {
				continue // it has no cache of its own in Redis
			}
			databases := testenv.Databases(t)
			if version != testenv.DjangoVersions()[len(testenv.DjangoVersions())-1] {
				databases = databases[:1] // SQLite
			}
			for _, where := range databases {
				t.Run(where.Engine+" "+engine, func(t *testing.T) {
					p := newAccountPair(t, version, where, engine)
					p.sessions()
					if engine == "db" {
						p.resets()
					}
					t.Logf("Django %s and Coatcheck agree about accounts on %s, %s", version, where.Engine, engine)
				})
			}
		}
	})
}

// sessions: a login by Django is in the list of sessions, by its first use here or by
// the walk, and ending the others here ends it there.
func (p *accountPair) sessions() {
	t := p.t
	user := fields{"username": "ada", "password": somePassword, "email": "ada@example.com"}
	here, there, unseen := newBrowser(t), newBrowser(t), newBrowser(t)
	here.wants(here.post(p.django.URL("/accounts/signup/"), user), http.StatusCreated)
	there.wants(there.post(p.django.URL("/accounts/login/"), user), http.StatusOK)
	unseen.wants(unseen.post(p.django.URL("/accounts/login/"), user), http.StatusOK)
	here.wants(here.post(p.base+"/accounts/login/", user), http.StatusOK)
	count := func() (n int) {
		t.Helper()
		must(t, p.site.Accounts.Flush(t.Context()))
		must(t, p.site.Database.SQL().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM coatcheck_session").Scan(&n))
		return n
	}
	if n := count(); n != 1 {
		t.Errorf("after one login here, %d rows", n)
	}
	there.wants(there.get(p.base+"/accounts/profile/"), http.StatusOK)
	if n := count(); n != 2 {
		t.Errorf("after the first use of Django's session, %d rows", n)
	}
	must(t, p.site.Accounts.Adopt(t.Context()))
	if n := count(); n != 3 {
		t.Errorf("after the walk, %d rows", n)
	}
	if list := here.get(p.base + "/accounts/sessions/"); strings.Count(list.body, `"id"`) != 3 {
		t.Errorf("the list: %s", list.body)
	}
	ended := here.wants(here.post(p.base+"/accounts/sessions/end-others/", fields{}), http.StatusOK)
	if ended.field("ended") != "2" {
		t.Errorf("ended: %s", ended.body)
	}
	for name, b := range map[string]*browser{"seen": there, "unseen": unseen} {
		if got := b.get(p.django.URL("/twin/whoami/")); got.field("is_authenticated") != "false" {
			t.Errorf("the session that was %s here lives on in Django: %s", name, got.body)
		}
	}
	if got := here.get(p.django.URL("/twin/whoami/")); got.field("user") != "ada" {
		t.Errorf("the present session ended: %s", got.body)
	}
}

// resets: a link that one side mailed sets the password on the other.
func (p *accountPair) resets() {
	t := p.t
	b := newBrowser(t)
	b.wants(b.post(p.base+"/accounts/password_reset/", fields{"email": "ADA@example.com"}), http.StatusOK)
	path := p.mailed(p.ours)
	const first, second = "the first new one 1", "the second new one 2"
	set := p.django.URL(b.wants(b.get(p.django.URL(path)), http.StatusFound).location)
	b.fill(set, http.StatusFound, "new_password1", first, "new_password2", first)
	b.wants(b.post(p.base+"/accounts/login/", fields{"username": "ada", "password": first}), http.StatusOK)

	other := newBrowser(t)
	other.fill(p.django.URL("/accounts/password_reset/"), http.StatusFound, "email", "ada@example.com")
	path = p.mailed(p.theirs)
	other.wants(other.post(p.base+path, fields{"new_password1": second}), http.StatusOK)
	other.wants(other.post(p.base+path, fields{"new_password1": "a third new one 3"}), http.StatusGone)
	if got := other.get(p.django.URL(path)); got.status != http.StatusOK { // the page that says no
		t.Errorf("Django takes the link that was used here: %d", got.status)
	}
	other.wants(other.post(p.django.URL("/accounts/login/"), fields{"username": "ada", "password": second}), http.StatusOK)
}
