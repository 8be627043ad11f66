package devicebound_test

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts/devicebound"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/internal/featuretest"
	"github.com/coatcheck/coatcheck/internal/softdevice"
)

const (
	canary     = "canary-tweets-0451"
	profileURL = "/accounts/profile/"
	refreshURL = "/accounts/device/refresh/"
)

// clock is a time that tests move.
type clock struct {
	mu    sync.Mutex // guards ahead
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) move(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += by
}

// rig is a site over HTTPS whose sessions are bound to devices.
type rig struct {
	*coatchecktest.Site
	t      testing.TB
	outbox *featuretest.Outbox
	sent   []string // subjects of emails
	clock  *clock
	server *httptest.Server
}

// extra has the clock of the test.
func (r *rig) extra(c *coatcheck.Config) {
	c.Views.Extras = append(c.Views.Extras, devicebound.NewAt(devicebound.Options{}, r.clock.now))
}

func newRig(t testing.TB, changes ...func(*coatcheck.Config)) *rig {
	t.Helper()
	r := &rig{t: t, outbox: &featuretest.Outbox{}, clock: &clock{}}
	r.Site = coatchecktest.NewSite(t, append([]func(*coatcheck.Config){func(c *coatcheck.Config) {
		r.outbox.Configure(c)
		r.extra(c)
	}}, changes...)...)
	r.server = r.serve(r.Site)
	return r
}

// serve serves a site over HTTPS.
func (r *rig) serve(site *coatchecktest.Site) *httptest.Server {
	server := httptest.NewTLSServer(site.Handler(site.Views))
	r.t.Cleanup(server.Close)
	return server
}

// engines runs a test on every database.
func engines(t *testing.T, test func(t *testing.T, r *rig)) {
	t.Helper()
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) { test(t, newRig(t, change)) })
}

// browser is a browser that speaks the protocol; its cookies of the device last by the test's clock.
type browser struct {
	*softdevice.Device
	t      testing.TB
	client *http.Client
	base   string
}

// browser returns one with a key of ES256, or of RS256 with so many bits.
func (r *rig) browser(bits int) *browser {
	r.t.Helper()
	device, err := softdevice.New(bits)
	if err != nil {
		r.t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	client := &http.Client{Transport: r.server.Client().Transport, Jar: jar}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{device, r.t, client, r.server.URL}
}

// send sends a request with headers in pairs.
func (b *browser) send(method, path, body string, headers ...string) *http.Response {
	b.t.Helper()
	got, err := b.try(method, path, body, headers...)
	if err != nil {
		b.t.Fatal(err)
	}
	return got
}

func (b *browser) try(method, path, body string, headers ...string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(context.Background(), method, b.base+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Origin", b.base)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	got, err := b.client.Do(r)
	if err == nil {
		err = got.Body.Close()
	}
	return got, err
}

// login logs in, and returns what the site offers.
func (b *browser) login(name string) string {
	b.t.Helper()
	got := b.send(http.MethodPost, "/accounts/login/", `{"username":"`+name+`","password":"`+canary+`"}`)
	if got.StatusCode != http.StatusOK {
		b.t.Fatalf("login: %d", got.StatusCode)
	}
	return got.Header.Get("Secure-Session-Registration")
}

// register registers the key for what the site offered.
func (b *browser) register(offer string) *http.Response {
	b.t.Helper()
	offered, err := softdevice.ReadRegistration(offer)
	if err != nil {
		b.t.Fatal(err)
	}
	proof, err := b.Register(offered)
	if err != nil {
		b.t.Fatal(err)
	}
	got := b.send(http.MethodPost, offered.Path, "", "Secure-Session-Response", proof)
	if got.StatusCode == http.StatusOK {
		b.ID = offered.Authorization
		if err := b.Take(got.Header.Get("Secure-Session-Challenge")); err != nil {
			b.t.Fatal(err)
		}
	}
	return got
}

// bind logs in and registers a key.
func (r *rig) bind(name string, bits int) *browser {
	r.t.Helper()
	b := r.browser(bits)
	if got := b.register(b.login(name)); got.StatusCode != http.StatusOK {
		r.t.Fatalf("register: %d", got.StatusCode)
	}
	return b
}

// ask sends a refresh without a proof.
func (b *browser) ask() *http.Response {
	b.t.Helper()
	return b.send(http.MethodPost, refreshURL, "", "Sec-Secure-Session-Id", b.ID)
}

// prove sends a refresh with a proof, and again with the challenge of a 403.
func (b *browser) prove() *http.Response {
	b.t.Helper()
	for range 3 {
		proof, err := b.Prove()
		if err != nil {
			b.t.Fatal(err)
		}
		got := b.send(http.MethodPost, refreshURL, "", "Sec-Secure-Session-Id", b.ID, "Secure-Session-Response", proof)
		if text := got.Header.Get("Secure-Session-Challenge"); text != "" {
			if err := b.Take(text); err != nil {
				b.t.Fatal(err)
			}
		}
		if got.StatusCode != http.StatusForbidden {
			return got
		}
	}
	b.t.Fatal("the site asks for a proof without end")
	return nil
}

// cookie returns a cookie of the browser, or "".
func (b *browser) cookie(name string) string {
	for _, c := range b.client.Jar.Cookies(b.url()) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// forget removes the cookie of the device, as the browser does at its end.
func (b *browser) forget() {
	b.client.Jar.SetCookies(b.url(), []*http.Cookie{{Name: devicebound.CookieName, Path: "/", MaxAge: -1, Secure: true}})
}

// wantIn fails the test unless the user is signed in, or is not.
func (b *browser) wantIn(what string, in bool) {
	b.t.Helper()
	got := b.send(http.MethodGet, profileURL, "")
	if want := map[bool]int{true: http.StatusOK, false: http.StatusUnauthorized}[in]; got.StatusCode != want {
		b.t.Errorf("%s: %d, want %d", what, got.StatusCode, want)
	}
}

// events returns how many events of a kind the audit log has.
func (r *rig) events(code string) int {
	r.t.Helper()
	entries, err := r.Accounts.Audit(r.t.Context(), audit.Filter{Events: []string{code}})
	if err != nil {
		r.t.Fatal(err)
	}
	return len(entries)
}

// emails sends the emails that wait, and returns how many have had the subject.
func (r *rig) emails(subject string) (n int) {
	r.t.Helper()
	r.sent = append(r.sent, r.outbox.Emails(r.t, r.Site)...)
	for _, s := range r.sent {
		if s == subject {
			n++
		}
	}
	return n
}

// url is the address of the site.
func (b *browser) url() *url.URL {
	u, err := url.Parse(b.base)
	if err != nil {
		b.t.Fatal(err)
	}
	return u
}

// thief returns a browser with the named cookies of this one.
func (b *browser) thief(names ...string) *browser {
	b.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	var stolen []*http.Cookie
	for _, c := range b.client.Jar.Cookies(b.url()) {
		if slices.Contains(names, c.Name) {
			stolen = append(stolen, &http.Cookie{Name: c.Name, Value: c.Value, Path: "/", Secure: true})
		}
	}
	jar.SetCookies(b.url(), stolen)
	client := *b.client
	client.Jar = jar
	return &browser{b.Device, b.t, &client, b.base}
}
