package browser_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts/devicebound"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/mail/mailtest"
	"github.com/coatcheck/coatcheck/mail/smtp"
	"github.com/coatcheck/coatcheck/views"
)

// deviceLife is how long the cookie of a device lives in these tests.
const deviceLife = 6 * time.Second

// secureSite is a site over HTTPS, which browsers of its home folder trust.
type secureSite struct {
	*site
	home string

	broken atomic.Bool // no refresh succeeds

	mu   sync.Mutex // guards what follows
	asks []string   // requests for the addresses of the binding, with their statuses
}

// authority returns a certificate for localhost, and the one that signed it as PEM.
func authority(t *testing.T) (tls.Certificate, []byte) {
	t.Helper()
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Coatcheck tests"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	caKey, leafKey := key(), key()
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		t.Fatal(err)
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, &leafKey.PublicKey, caKey)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{leafDER, caDER}, PrivateKey: leafKey},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})
}

// newSecureSite starts a site over HTTPS whose sessions are bound to devices.
func newSecureSite(t *testing.T) *secureSite {
	t.Helper()
	certutil, err := exec.LookPath("certutil")
	if err != nil {
		t.Skip("there is no certutil (libnss3-tools), by which a browser trusts the certificate")
	}
	certificate, ca := authority(t)
	s := &secureSite{site: &site{mails: mailtest.NewServer(t)}, home: t.TempDir()}
	folder, file := filepath.Join(s.home, ".pki", "nssdb"), filepath.Join(s.home, "ca.pem")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, ca, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"-d", "sql:" + folder, "-N", "--empty-password"},
		{"-d", "sql:" + folder, "-A", "-t", "C,,", "-n", "tests", "-i", file},
	} {
		if out, err := exec.CommandContext(t.Context(), certutil, args...).CombinedOutput(); err != nil {
			t.Fatalf("certutil %v: %v %s", args, err, out)
		}
	}
	server := httptest.NewUnstartedServer(nil)
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	s.base = "https://localhost:" + port
	sender, err := smtp.New(smtp.Config{
		Host: s.mails.Host(), Port: s.mails.Port(), TLS: smtp.InsecurePlain, From: "The Shop <shop@example.com>",
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Site = coatchecktest.NewSite(t, func(c *coatcheck.Config) {
		c.Accounts.Mail, c.Site.BaseURL = sender, s.base
		c.Views.Extras = append(c.Views.Extras, devicebound.New(devicebound.Options{Life: deviceLife}))
	}).Site
	mux := http.NewServeMux()
	mux.Handle(views.Path, s.Views)
	mux.Handle("/", s.Views.NotFound())
	server.Config.Handler = s.watch(s.Handler(s.Messages(mux)))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return s
}

// watched keeps the status of a response.
type watched struct {
	http.ResponseWriter
	status int
}

func (w *watched) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// watch keeps the requests for the addresses of the binding.
func (s *secureSite) watch(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, devicebound.URL) {
			h.ServeHTTP(w, r)
			return
		}
		seen := &watched{w, http.StatusOK}
		if s.broken.Load() {
			seen.WriteHeader(http.StatusServiceUnavailable)
		} else {
			h.ServeHTTP(seen, r)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		what := strings.TrimPrefix(r.URL.Path, devicebound.URL) + " " + http.StatusText(seen.status)
		s.asks = append(s.asks, what)
	})
}

// asked returns how often the browser got a response at an address of the binding.
func (s *secureSite) asked(what string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.asks {
		if one == what {
			n++
		}
	}
	return n
}

// tab starts a browser that knows bound sessions, with keys in software.
func (s *secureSite) tab(t *testing.T) *tab {
	t.Helper()
	return newTab(t, s.base, chromedp.Env("HOME="+s.home), chromedp.Flag("enable-features",
		"DeviceBoundSessions,EnableBoundSessionCredentialsSoftwareKeysForManualTesting"))
}

// cookies returns the cookies of the browser for the site.
func (b *tab) cookies() (all []*network.Cookie) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		got, err := cdp.Call(ctx, t, network.GetCookies, network.GetCookiesParams{URLs: []string{b.base}})
		all = got.Cookies
		return err
	}))
	return all
}

// bound returns a browser of a profile of its own that is signed in, the nth whose session is bound. A
// browser uses a key six times in some minutes and no more.
func (s *secureSite) bound(t *testing.T, n int) *tab {
	t.Helper()
	b := s.tab(t)
	b.open("/accounts/login/")
	b.logIn("ada")
	s.waits(t, "register/ OK", n)
	b.arrives("/accounts/profile/", "Your profile")
	return b
}

// TestDeviceBound logs in with a browser that binds the session, lets it renew the cookie of its
// device, and uses a copy of all cookies in another browser, which is refused once the cookie of
// the device is over. The user is told of it, and goes on.
func TestDeviceBound(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes some seconds")
	}
	s := newSecureSite(t)
	s.addUser(t, "ada")
	b := s.bound(t, 1)
	stolen := b.cookies()

	time.Sleep(deviceLife) // the browser proves its key before the next page
	b.open("/accounts/sessions/")
	b.want("/accounts/sessions/", "Where you are signed in")
	s.waits(t, "refresh/ OK", 1)
	if text := evaluate[string](b, `document.querySelector('main').innerText`); !strings.Contains(text, "Bound to its device") {
		t.Errorf("the page says %q", text)
	}
	b.inspect("sessions-bound")

	time.Sleep(deviceLife + 2*time.Second) // what was stolen is over
	thief := s.tab(t)
	thief.take(stolen)
	for range 2 {
		thief.open("/accounts/sessions/")
		thief.want("/accounts/login/?next=/accounts/sessions/", "Log in")
	}
	s.told(t)

	b.open("/accounts/profile/")
	b.want("/accounts/profile/", "Your profile")

	b = s.bound(t, 2)
	s.broken.Store(true) // the page goes without the cookie of the device, and later works again
	time.Sleep(deviceLife + 2*time.Second)
	b.open("/accounts/profile/")
	b.want("/accounts/login/?next=/accounts/profile/", "Log in")
	s.broken.Store(false)
	b.open("/accounts/profile/")
	b.want("/accounts/profile/", "Your profile")

	b = s.bound(t, 3)
	before := s.asked("refresh/ OK")
	b.click("form.logout button")
	time.Sleep(deviceLife + 2*time.Second)
	b.open("/accounts/login/") // the browser is told to forget the binding
	s.waits(t, "refresh/ OK", before+1)
	b.logIn("ada")
	s.waits(t, "register/ OK", 4)
	b.arrives("/accounts/profile/", "Your profile")
}

// logIn logs in on the page.
func (b *tab) logIn(name string) {
	b.t.Helper()
	b.write("id_username", name)
	b.write("id_password", canary)
	b.click("form[method=post] button:not([type])")
}

// waits waits until the browser got so many responses at an address of the binding.
func (s *secureSite) waits(t *testing.T, what string, n int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); s.asked(what) < n; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the browser got %q not %d times: %v", what, n, s.asks)
		}
	}
}

// take sets cookies that another browser had.
func (b *tab) take(all []*network.Cookie) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		for _, c := range all {
			_, err := cdp.Call(ctx, t, network.SetCookie, network.SetCookieParams{
				Name: c.Name, Value: c.Value, URL: b.base, Path: c.Path, Secure: new(c.Secure), HTTPOnly: new(c.HTTPOnly),
			})
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

// told checks that the user was told of a stolen cookie, once.
func (s *secureSite) told(t *testing.T) {
	t.Helper()
	entries, err := s.Accounts.Audit(t.Context(), audit.Filter{Events: []string{"device-unbound"}})
	if err != nil || len(entries) != 1 {
		t.Errorf("the audit log has %v, %v", entries, err)
	}
}
