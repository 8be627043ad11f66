package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/throttle"
)

// endingBase is the address of the site in its emails.
const endingBase = "https://www.example.com"

// endingSites are a Coatcheck and a Django on the same stores.
type endingSites struct {
	t       *testing.T
	p       pairing
	django  *twin
	own     *walkOwn // its database and its stores
	site    *coatcheck.Site
	handler http.Handler
	store   *failing
	outbox  flowOutbox
	keys    []string // the secret keys, the present one first
	key     int      // and its number
}

func newEndingSites(t *testing.T, p pairing) *endingSites {
	t.Helper()
	var cache walkCache
	switch p.cache {
	case "redis":
		cache.redis = testenv.Redis(t)
	case "memcached":
		cache.memcached = testenv.Memcached(t)
	}
	cache.prefix = "endings"
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o700))
	e := &endingSites{t: t, p: p, own: newWalkOwn(t, p, cache, dir)}
	settings := append(
		cache.settings(), "SESSION_FILE_PATH="+dir, "SESSION_ENGINE=django.contrib.sessions.backends."+p.engine,
		fmt.Sprintf("PBKDF2_ITERATIONS=%d", walkIterations),
	)
	e.django = newTwin(t, p.version, p.db, settings...)
	e.django.Start()
	return e
}

// begin leaves nothing of what another walk did to the sites.
func (e *endingSites) begin(t fataler) {
	t.Helper()
	if len(e.keys) != 1 {
		e.rotate(t, 0)
	}
	e.store.left.Store(-1)
	e.store.before = nil
	e.outbox.take()
}

// rotate starts both sides anew with another secret key. Of the former ones so many
// verify still.
func (e *endingSites) rotate(t fataler, fallbacks int) {
	t.Helper()
	e.key++
	former := e.keys[:min(fallbacks, len(e.keys))]
	key := fmt.Sprintf("secret key number %d, which is long and random enough", e.key)
	e.use(t, append([]string{key}, former...))
}

// use starts both sides anew with these secret keys.
func (e *endingSites) use(t fataler, keys []string) {
	t.Helper()
	e.keys = keys
	e.restart(t)
	status, body := e.askDjango(t, nil, http.MethodPost, "/twin/keys/", fields{"keys": keys})
	if status != http.StatusOK {
		t.Fatalf("Django's keys: %d %v", status, body)
	}
}

// restart starts Coatcheck anew.
func (e *endingSites) restart(t fataler) {
	t.Helper()
	e.store = &failing{Store: e.own.newStore(e.keys)}
	e.store.left.Store(-1)
	much := throttle.Limit{Burst: 100_000, Every: time.Millisecond}
	site, err := coatcheck.New(coatcheck.Config{
		Database: e.own.db,
		Keys:     coatcheck.Keys{Secret: e.keys[0], Fallbacks: e.keys[1:]},
		Site:     coatcheck.SiteOptions{Logger: slog.New(slog.DiscardHandler), BaseURL: endingBase},
		Web:      coatcheck.WebOptions{Guard: coatcheck.GuardCrossOrigin},
		Sessions: sessions.Config{Store: e.store.asStore()},
		Passwords: coatcheck.PasswordOptions{
			Hashing: password.Config{Hashers: []password.Hasher{password.PBKDF2SHA256{Iterations: walkIterations}}},
		},
		Logins: coatcheck.LoginOptions{
			Throttle: attempts.Config{Store: throttle.NewMemory(0), Account: much, Device: much, Address: much},
		},
		Accounts: accounts.Options{Mail: &e.outbox},
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/accounts/", site.Views)
	o := &own{site: site}
	mux.Handle("GET /twin/whoami/", view(o.whoami))
	mux.Handle("POST /twin/session/", view(o.setSession))
	mux.Handle("POST /twin/cycle/", view(func(r *http.Request, _ fields) (fields, error) {
		return onSession(r, "Cycled", (*sessions.Session).CycleKey)
	}))
	e.site, e.handler = site, site.Handler(mux)
}

// fataler is a test of package testing or of rapid.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// ask is a request to Coatcheck.
func (e *endingSites) ask(
	t fataler, c *endingClient, method, path string, body fields,
) (status int, answer fields) {
	t.Helper()
	w := httptest.NewRecorder()
	e.handler.ServeHTTP(w, e.request(t, c, method, path, body))
	return read(t, c, w.Result())
}

// askDjango is a request to the Django.
func (e *endingSites) askDjango(
	t fataler, c *endingClient, method, path string, body fields,
) (status int, answer fields) {
	t.Helper()
	response, err := walkClient.Do(e.request(t, c, method, e.django.URL(path), body))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return read(t, c, response)
}

func (e *endingSites) request(t fataler, c *endingClient, method, url string, body fields) *http.Request {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatalf("%v", err)
	}
	r, err := http.NewRequestWithContext(e.t.Context(), method, url, bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v", err)
	}
	r.Header.Set("Accept", "application/json")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	if c != nil && c.cookie != "" {
		r.AddCookie(&http.Cookie{Name: sessions.DefaultCookieName, Value: c.cookie})
	}
	if c != nil && c.device != "" {
		r.AddCookie(&http.Cookie{Name: attempts.DeviceCookieName, Value: c.device})
	}
	return r
}

// read reads a response, whose cookies the client keeps.
func read(t fataler, c *endingClient, response *http.Response) (status int, answer fields) {
	t.Helper()
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if json.Unmarshal(text, &answer) != nil {
		answer = fields{"text": string(text)}
	}
	if c == nil {
		return response.StatusCode, answer
	}
	for _, cookie := range response.Cookies() {
		switch cookie.Name {
		case sessions.DefaultCookieName:
			c.cookie = strings.Trim(cookie.Value, `"`)
		case attempts.DeviceCookieName:
			c.device = cookie.Value
		}
	}
	return response.StatusCode, answer
}

// mails sends what waits, and returns it.
func (e *endingSites) mails(t fataler) (sent []sentMail) {
	t.Helper()
	for {
		more, err := e.site.Accounts.SendNext(e.t.Context())
		if err != nil {
			t.Fatalf("%v", err)
		}
		if !more {
			break
		}
	}
	for _, m := range e.outbox.take() {
		found := endingLinks.FindStringSubmatch(m.Text)
		if found == nil {
			found = []string{"", "", ""}
		}
		sent = append(sent, sentMail{kind: found[2], path: found[1], to: m.To})
	}
	return sent
}

// errAway is the failure of a store.
var errAway = errors.New("the store is away")

// failing is a store that fails after so many operations; never, if that is negative.
// Before the first operation of a kind it lets something happen.
type failing struct {
	sessions.Store
	left   atomic.Int64
	before map[string]func()
}

func (f *failing) step(op string) error {
	if happen := f.before[op]; happen != nil {
		f.before = nil
		happen()
	}
	switch left := f.left.Load(); {
	case left == 0:
		return errAway
	case left > 0:
		f.left.Add(-1)
	}
	return nil
}

func (f *failing) Load(ctx context.Context, key string) (*sessions.Record, error) {
	if err := f.step("load"); err != nil {
		return nil, err
	}
	return f.Store.Load(ctx, key)
}

func (f *failing) Create(ctx context.Context, key string, r *sessions.Record) error {
	if err := f.step("create"); err != nil {
		return err
	}
	return f.Store.Create(ctx, key, r)
}

func (f *failing) Update(ctx context.Context, key string, r *sessions.Record) error {
	if err := f.step("update"); err != nil {
		return err
	}
	return f.Store.Update(ctx, key, r)
}

func (f *failing) Move(ctx context.Context, old, new string, r *sessions.Record) error {
	if err := f.step("move"); err != nil {
		return err
	}
	return f.Store.Move(ctx, old, new, r)
}

func (f *failing) Delete(ctx context.Context, key string) error {
	if err := f.step("delete"); err != nil {
		return err
	}
	return f.Store.Delete(ctx, key)
}

// Walk is that of the store. All of Django's can, but signed cookies.
func (f *failing) Walk(ctx context.Context, found func(key string, d sessions.Data) error) error {
	if err := f.step("walk"); err != nil {
		return err
	}
	return f.Store.(sessions.Walker).Walk(ctx, func(key string, d sessions.Data) error {
		if err := f.step("walk"); err != nil {
			return err
		}
		return found(key, d)
	})
}

// asStore is the store as the site gets it: one that finds sessions by the beginning of
// their keys, if what is behind it does.
func (f *failing) asStore() sessions.Store {
	if _, ok := f.Store.(sessions.Finder); ok {
		return finding{f}
	}
	return f
}

// finding is a failing store that finds.
type finding struct{ *failing }

func (f finding) FindKeys(ctx context.Context, prefix string) ([]string, error) {
	if err := f.step("findkeys"); err != nil {
		return nil, err
	}
	return f.Store.(sessions.Finder).FindKeys(ctx, prefix)
}
