package views_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/csrf"
	"github.com/coatcheck/coatcheck/middleware"
)

// What must come out in no log and no trace.
const (
	queryCanary   = "query-canary-0453"
	refererCanary = "referer-canary-0454"
)

// loggedSite is a site whose account pages are mounted three times, and what it logged
// and traced at the level debug.
type loggedSite struct {
	*wholeSite
	log   *logged
	guard coatcheck.Guard
}

type logged struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

// Write writes.
func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// take returns what was written since it was asked last.
func (l *logged) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.b.Reset()
	return l.b.String()
}

// mounts are where a program may put the account pages.
var mounts = []string{"/accounts/", "/konto/", "/tenant/7/accounts/"}

func newLogged(t *testing.T, guard coatcheck.Guard) *loggedSite {
	t.Helper()
	log := &logged{}
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := newWhole(t, func(c *coatcheck.Config) {
		c.Web.Guard, c.Site.Logger, c.Logins.ThrottleOff, c.Views.SignupVerification = guard, logger, true, true
		c.Web.TrustedProxies = []string{"127.0.0.1"}
	})
	mux := http.NewServeMux()
	mux.Handle("/accounts/", s.whole.Views)
	mux.Handle("/konto/", moved("/konto/", "/accounts/", s.whole.Views))
	mux.Handle("/tenant/7/", http.StripPrefix("/tenant/7", s.whole.Views))
	mux.Handle("/neu/{uidb64}/{token}", s.whole.Views.Route("password_reset_confirm").Handler)
	mux.HandleFunc("GET /token", func(w http.ResponseWriter, r *http.Request) {
		token, err := middleware.CSRFToken(r)
		if err != nil {
			t.Error(err)
		}
		io.WriteString(w, token)
	})
	trace := middleware.Trace(func(block string) { io.WriteString(log, block) })
	s.Config.Handler = trace(s.whole.Handler(mux))
	return &loggedSite{s, log, guard}
}

// moved serves what is below one path as what is below another.
func moved(from, to string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner := r.Clone(r.Context())
		inner.URL.Path, inner.URL.RawPath = strings.Replace(r.URL.Path, from, to, 1), ""
		h.ServeHTTP(w, inner)
	})
}

// TestNoTokenInLogs: neither the log at its most talkative nor the trace has a living
// token, the Referer beyond its origin, or a query, whatever guards the site, wherever
// the account pages are mounted, and whatever an email program made of the link.
func TestNoTokenInLogs(t *testing.T) {
	for _, guard := range []coatcheck.Guard{coatcheck.GuardCrossOrigin, coatcheck.GuardDjango, coatcheck.GuardBoth} {
		t.Run(string(guard), func(t *testing.T) {
			s := newLogged(t, guard)
			s.user(t, "ada")
			links := s.mintLinks(t)
			s.log.take()
			for kind, link := range links {
				s.knock(t, link, path.Base(link), links)
				for _, mount := range mounts {
					for _, address := range disfigured(link, path.Base(link)) {
						s.knock(t, strings.Replace(address, "/accounts/", mount, 1), path.Base(link), links)
					}
				}
				if kind == "reset" {
					s.knock(t, strings.Replace(path.Clean(link), "/accounts/reset/", "/neu/", 1), path.Base(link), links)
				}
			}
			for _, r := range s.views.Routes() {
				if !strings.Contains(r.Pattern, "{") && r.Name != "logout" {
					s.knock(t, r.Pattern, path.Base(links["reset"]), links)
				}
			}
			s.walkPast(t, links)
		})
	}
}

// disfigured returns a link as email programs and people make it.
func disfigured(link, token string) []string {
	var codes strings.Builder
	for _, c := range []byte(token) {
		fmt.Fprintf(&codes, "%%25%02X", c)
	}
	with := func(changed string) string { return strings.Replace(link, token, changed, 1) }
	return []string{
		link, path.Clean(link), with(token + "."), with(token + ")"), with("%3C" + token + "%3E"), with(strings.ToLower(token)),
		with(codes.String()), with(token + "%3Fx=" + queryCanary), strings.Replace(link, "/"+token, token, 1),
	}
}

// knock sends requests of every kind to an address, none of which uses a link up.
func (s *loggedSite) knock(t *testing.T, address, token string, links map[string]string) {
	t.Helper()
	query := "?next=/accounts/not-me/" + token + "/%3Fx&x=" + queryCanary
	referer := "/" + refererCanary + "/" + token + "/?" + queryCanary
	for _, header := range [][]string{
		{},
		{"Origin", "https://evil.example" + referer, "Sec-Fetch-Site", "cross-site"},
		{"X-Forwarded-Proto", "https", "Referer", "https://ada:pw@evil.example" + referer},
		{"X-Forwarded-Proto", "https", "Referer", "http://" + s.Listener.Addr().String() + referer},
		{"X-Forwarded-Proto", "https", "Referer", referer},
		{"X-CSRFToken", token},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			passes := s.guard == coatcheck.GuardCrossOrigin && !slices.Contains(header, "Origin")
			if method == http.MethodPost && passes && opens(address, links) {
				continue // which would use it up
			}
			r, err := http.NewRequestWithContext(t.Context(), method, s.URL+address+query, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(header); i += 2 {
				r.Header.Set(header[i], header[i+1])
			}
			r.Header.Set("Accept", browser)
			s.browser(t).send(r)
		}
	}
	s.checkLog(t, address, links)
}

// opens reports whether an address is that of a link.
func opens(address string, links map[string]string) bool {
	for _, link := range links {
		if path.Base(address) == path.Base(link) {
			return true
		}
	}
	return false
}

// walkPast goes where redirects have an address in them, and then uses the links.
func (s *loggedSite) walkPast(t *testing.T, links map[string]string) {
	t.Helper()
	next := links["not-me"] + "?x=" + queryCanary
	b := s.browser(t)
	send := func(address string, pairs ...string) *answer {
		t.Helper()
		return b.form(address, append(pairs, csrf.FormField, b.get("/token").text)...)
	}
	if a := send("/accounts/login/", "username", "ada", "password", canary, "next", next); a.Header.Get("Location") != next {
		t.Errorf("%d to %s", a.StatusCode, a.Header.Get("Location"))
	}
	s.checkLog(t, "login", links)
	if a := send("/accounts/logout/", "next", next); a.Header.Get("Location") != next {
		t.Errorf("%d to %s", a.StatusCode, a.Header.Get("Location"))
	}
	s.checkLog(t, "logout", links)
	if a := b.get("/accounts/profile/?x=" + queryCanary); a.StatusCode != http.StatusFound {
		t.Errorf("%d", a.StatusCode)
	}
	b.get(links["reset"]).wantRedirect(t, path.Dir(path.Clean(links["reset"]))+"/set-password/")
	send(path.Dir(path.Clean(links["reset"]))+"/set-password/", "new_password1", another, "new_password2", another)
	for _, kind := range []string{"email", "signup", "not-me"} {
		if a := send(links[kind]); a.StatusCode >= 400 {
			t.Errorf("%s: %d %s", kind, a.StatusCode, a.text)
		}
	}
	s.checkLog(t, "links", links)
}

// checkLog looks for what must not be in what was logged since it was called last.
func (s *loggedSite) checkLog(t *testing.T, what string, links map[string]string) {
	t.Helper()
	text := strings.ToLower(s.log.take())
	if text == "" {
		t.Errorf("%s: nothing was logged or traced", what)
	}
	secrets := []string{queryCanary, refererCanary, canary}
	for _, link := range links {
		token := strings.ToLower(path.Base(link))
		secrets = append(secrets, token[:10], token[len(token)-10:])
	}
	for _, secret := range secrets {
		if i := strings.Index(text, secret); i >= 0 {
			t.Fatalf("%s: %s is in the log:\n%s", what, secret, text[max(0, i-300):min(len(text), i+300)])
		}
	}
}
