package coatcheck_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/resettoken"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/mail"
	"github.com/coatcheck/coatcheck/password"
)

// work counts what a request costs: the work of hashing, by arithmetic, and the
// statements of the database.
type work struct {
	hashing    atomic.Int64 // nanoseconds
	statements atomic.Int64
}

// counted is PBKDF2 whose work is counted, and not only done.
type counted struct {
	password.PBKDF2SHA256
	work *work
}

func (c counted) count(h password.Hash) {
	cost, err := c.Cost(h)
	if err == nil {
		c.work.hashing.Add(int64(cost.Work))
	}
}

func (c counted) Encode(raw string) (password.Hash, error) {
	c.count("")
	return c.PBKDF2SHA256.Encode(raw)
}

func (c counted) Verify(raw string, h password.Hash) (bool, error) {
	c.count(h)
	return c.PBKDF2SHA256.Verify(raw, h)
}

func (c counted) Harden(raw string, done time.Duration) {
	c.work.hashing.Add(int64(done))
	c.PBKDF2SHA256.Harden(raw, done)
}

const (
	meteredRounds = 2000
	goodPassword  = "canary-tweets-0451"
)

// unsent is a sender that sends nothing, since nothing of the queue is taken.
type unsent struct{}

func (unsent) Send(context.Context, mail.Message) error { return nil }

// metered is a site whose requests are measured.
type metered struct {
	t    *testing.T
	site *coatcheck.Site
	base string
	work *work
}

func newMetered(t *testing.T, changes ...func(*coatcheck.Config)) *metered {
	t.Helper()
	db, err := sqlite.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	m := &metered{t: t, work: &work{}}
	c := coatcheck.Config{
		Database: db,
		Keys:     coatcheck.Keys{Secret: testKey},
		Site:     coatcheck.SiteOptions{Logger: slog.New(slog.DiscardHandler)},
		Passwords: coatcheck.PasswordOptions{
			Hashing: password.Config{Hashers: []password.Hasher{
				counted{password.PBKDF2SHA256{Iterations: meteredRounds}, m.work}, password.MD5{},
			}},
		},
	}
	c.Accounts.Mail, c.Site.BaseURL = unsent{}, "https://www.example.com"
	for _, change := range changes {
		change(&c)
	}
	if m.site, err = coatcheck.New(c); err != nil {
		t.Fatal(err)
	}
	handler := m.site.Handler(m.site.Views)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		trace := flow.NewTrace()
		handler.ServeHTTP(w, r.WithContext(flow.WithSink(r.Context(), trace)))
		for _, e := range trace.Events() {
			if e.Code.Layer() == flow.Database {
				m.work.statements.Add(1)
			}
		}
	}))
	t.Cleanup(server.Close)
	m.base = server.URL
	return m
}

// addAccounts creates an account of each class, all with the same password where they
// have one, and addresses at the same length.
func (m *metered) addAccounts() []string {
	m.t.Helper()
	fresh, err := m.site.Auth.Passwords().Make(m.t.Context(), goodPassword)
	if err != nil {
		m.t.Fatal(err)
	}
	old, err := password.PBKDF2SHA256{Iterations: 3}.Encode(goodPassword)
	if err != nil {
		m.t.Fatal(err)
	}
	classes := map[string]*auth.User{
		"active": {Password: fresh, IsActive: true}, "inactv": {Password: fresh}, "unusbl": {Password: password.Unusable(), IsActive: true},
		"oldone": {Password: old, IsActive: true}, "oldina": {Password: old}, "gibber": {Password: "gibberish", IsActive: true},
		"foreig": {Password: "bcrypt$$2b$12$abcdefghijklmnopqrstuv", IsActive: true}, "nohash": {IsActive: true},
	}
	for name, user := range classes {
		user.Username, user.Email = name, name+"@example.com"
		if err := m.site.Database.CreateUser(m.t.Context(), user); err != nil {
			m.t.Fatal(err)
		}
	}
	// Addresses that the two share.
	for _, name := range []string{"twinaa", "twinbb"} {
		user := &auth.User{Username: name, Email: "shared@example.com", Password: fresh, IsActive: true}
		if err := m.site.Database.CreateUser(m.t.Context(), user); err != nil {
			m.t.Fatal(err)
		}
	}
	return append(slices.Sorted(maps.Keys(classes)), "nobody")
}

// outcome is all that an unknown client can see of a response, and what it cost.
type outcome struct {
	Status     int
	Header     http.Header
	Body       string
	Hashing    int64
	Statements int64
	Mails      int // queued
}

// masked are what is random, or the time, in responses.
var masked = regexp.MustCompile(`value="[A-Za-z0-9]{64}"`)

// ask sends a request and measures it. What was typed is masked where it comes back.
func (m *metered) ask(r *http.Request, typed ...string) outcome {
	m.t.Helper()
	before, err := own.New(m.site.Database).Emails().Waiting(m.t.Context())
	if err != nil {
		m.t.Fatal(err)
	}
	m.work.hashing.Store(0)
	m.work.statements.Store(0)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	after, err := own.New(m.site.Database).Emails().Waiting(m.t.Context())
	if err != nil {
		m.t.Fatal(err)
	}
	text := masked.ReplaceAllString(string(body), `value="…"`)
	for _, word := range typed {
		text = strings.ReplaceAll(text, word, "…")
	}
	header := response.Header.Clone()
	if header.Get("Content-Length") == strconv.Itoa(len(body)) { // so that what was typed does not count
		header.Set("Content-Length", strconv.Itoa(len(text)))
	}
	for _, name := range []string{"Date", "Expires", "Retry-After"} {
		if header.Get(name) != "" {
			header.Set(name, "…")
		}
	}
	for i, line := range header["Set-Cookie"] {
		header["Set-Cookie"][i], _, _ = strings.Cut(line, "=")
	}
	return outcome{response.StatusCode, header, text, m.work.hashing.Load(), m.work.statements.Load(), after - before}
}

// post is a form of a browser, or a JSON object of a program.
func (m *metered) post(path string, asJSON bool, pairs ...string) *http.Request {
	m.t.Helper()
	form, object := url.Values{}, []string{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
		object = append(object, fmt.Sprintf("%q:%q", pairs[i], pairs[i+1]))
	}
	body, kind, accept := form.Encode(), "application/x-www-form-urlencoded", "text/html"
	if asJSON {
		body, kind, accept = "{"+strings.Join(object, ",")+"}", "application/json", "application/json"
	}
	r, err := http.NewRequestWithContext(m.t.Context(), http.MethodPost, m.base+path, strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Accept", accept)
	return r
}

// A door is a request by which an unknown client might find out about an account.
type door struct {
	site  func(*coatcheck.Config)
	route string // of views.Routes
	hash  bool   // a password is hashed
	mails int    // that are queued
	// ask sends the request about the account of that name.
	ask func(m *metered, name string, asJSON bool) outcome
}

// doors are all of them. A route that takes POST from unknown clients and is neither here
// nor among the doorless makes the test fail.
func doors() map[string]door {
	return map[string]door{
		"log in, wrong password": {route: "login", hash: true, ask: func(m *metered, name string, asJSON bool) outcome {
			return m.ask(m.post("/accounts/login/", asJSON, "username", name, "password", "not-the-password"), name)
		}},
		"log in by the address": {
			route: "login", hash: true, site: func(c *coatcheck.Config) { c.Logins.By = identity.ByEither },
			ask: func(m *metered, name string, asJSON bool) outcome {
				return m.ask(m.post("/accounts/login/", asJSON, "username", name+"@example.com", "password", "not-the-password"), name)
			},
		},
		"forgotten password": {route: "password_reset", mails: 1, ask: func(m *metered, name string, asJSON bool) outcome {
			return m.ask(m.post("/accounts/password_reset/", asJSON, "email", name+"@example.com"), name)
		}},
		"forgotten password, sent again": {route: "password_reset_done", mails: 1, ask: sendAgain},
		"sign up with confirmation": {
			route: "signup", hash: true, mails: 1, site: func(c *coatcheck.Config) { c.Views.SignupVerification = true },
			ask: func(m *metered, name string, asJSON bool) outcome {
				return m.ask(m.post("/accounts/signup/", asJSON, "username", "newcomer-"+name, "email", name+"@example.com", "password", goodPassword), name)
			},
		},
		"set a new password without a link": {route: "password_reset_confirm", ask: func(m *metered, name string, asJSON bool) outcome {
			id := "999999"
			if user, err := m.site.Database.UserByUsername(m.t.Context(), name); err == nil {
				id = user.ID
			}
			uid := resettoken.EncodeUID(id)
			path := "/accounts/reset/" + uid + "/d1q2w3-" + strings.Repeat("0", 32) + "/"
			return m.ask(m.post(path, asJSON, "new_password1", goodPassword, "new_password2", goodPassword), uid)
		}},
	}
}

// sendAgain asks for the link to a new password, and for the same once more on the page that follows.
func sendAgain(m *metered, name string, asJSON bool) outcome {
	first := func() *http.Request {
		r := m.post("/accounts/password_reset/", false, "email", name+"@example.com")
		r.Header.Set("Accept", "text/html")
		return r
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(first())
	if err != nil {
		m.t.Fatal(err)
	}
	response.Body.Close()
	again := m.post("/accounts/password_reset/done/", asJSON)
	for _, cookie := range response.Cookies() {
		again.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
	}
	if response.StatusCode == http.StatusTooManyRequests {
		again = first()
	}
	return m.ask(again, name, name+"@example.com")
}

// doorless are the routes that take POST from unknown clients and tell nothing about
// accounts, with the reason.
var doorless = map[string]string{
	"logout":               "it ends the session of the request, whoever asks",
	"signup_confirm":       "it takes a token that nobody can guess",
	"invitation":           "likewise; a name that is taken is said, as it cannot be hidden",
	"email_change_confirm": "it takes a token that nobody can guess",
	"not_me":               "likewise",
	"set_language":         "it knows no accounts",
	"password_check":       "likewise",
	"login_code":           "it goes on with a login that waits in the session, whose password was right",
	"login_two_factor":     "likewise",
	"passkey_login":        "it takes a passkey, which names no account to anybody without the key",
	"device_register":      "it takes a proof for a session whose user is signed in",
	"device_refresh":       "likewise",
	"oidc_logout":          "it takes a token that the provider has signed",
	"signup_sent":          "it takes what this browser signed up with, and the same happens as then",
}

// TestUniformOutcomes: whether an account is there, inactive, without a password or
// with an old hash, an unknown client gets the same bytes, and the same work is done.
func TestUniformOutcomes(t *testing.T) {
	enrolled := map[string]bool{}
	for name, d := range doors() {
		enrolled[d.route] = true
		for _, asJSON := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, JSON %v", name, asJSON), func(t *testing.T) {
				changes := []func(*coatcheck.Config){func(c *coatcheck.Config) { c.Logins.ThrottleOff = true }}
				if d.site != nil {
					changes = append(changes, d.site)
				}
				m := newMetered(t, changes...)
				names := m.addAccounts()
				want := d.ask(m, "nobody", asJSON)
				for _, name := range append(names, "twinaa", "shared") {
					if diff := cmp.Diff(want, d.ask(m, name, asJSON)); diff != "" {
						t.Errorf("%s is told from nobody (-nobody +%s):\n%s", name, name, diff)
					}
				}
				if want.Status >= 404 && want.Status != http.StatusGone || want.Statements == 0 || (want.Hashing > 0) != d.hash || want.Mails != d.mails {
					t.Errorf("the door is another one: %+v", want)
				}
			})
		}
	}
	m := newMetered(t, func(c *coatcheck.Config) { c.Views.SignupVerification = true })
	for _, r := range append(m.site.Views.Routes(), newMetered(t, func(c *coatcheck.Config) { c.Views.SignupInvitation = true }).site.Views.Routes()...) {
		if !r.Private && slices.Contains(r.Methods, http.MethodPost) && !enrolled[r.Name] && doorless[r.Name] == "" {
			t.Errorf("the route %q is no door, and not among the doorless: enrol it", r.Name)
		}
	}
}

// TestUniformThrottle: the guesses at an account that is not there are counted like
// those at one that is.
func TestUniformThrottle(t *testing.T) {
	for name, d := range doors() {
		t.Run(name, func(t *testing.T) {
			m := newMetered(t, func(c *coatcheck.Config) {
				c.Logins.Throttle.Address.Burst, c.Logins.Throttle.Address.Every = 1000, time.Second // from one address
				if d.site != nil {
					d.site(c)
				}
			})
			m.addAccounts()
			d.ask(m, "before", true) // the address is known from then on
			var want []outcome
			for range 13 {
				want = append(want, d.ask(m, "nobody", true))
			}
			for _, name := range []string{"active", "inactv", "unusbl"} {
				for n, first := range want {
					if diff := cmp.Diff(first, d.ask(m, name, true)); diff != "" {
						t.Fatalf("request %d about %s is told from nobody's:\n%s", n+1, name, diff)
					}
				}
			}
			if last := want[len(want)-1]; (last.Status == http.StatusTooManyRequests) != (d.route != "password_reset_confirm") {
				t.Errorf("the last answer is %d", last.Status)
			}
		})
	}
}
