package middleware_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/backends"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/dbstore"
	"github.com/coatcheck/coatcheck/signing"
)

const remoteHeader = "X-Remote-User"

// newRemoteSite is a site behind a web server at 127.0.0.1 that names users.
func newRemoteSite(t *testing.T, b *backends.RemoteUser, change ...func(*middleware.RemoteUserConfig)) *site {
	t.Helper()
	s := newSite(t)
	b.Users = s.db
	quiet := slog.New(slog.DiscardHandler)
	service, err := auth.New(auth.Config{
		Users:     s.db,
		Passwords: s.auth.Passwords(),
		Keys:      signing.Keys{Secret: secretKey},
		Logger:    quiet,
		Backends:  []auth.Backend{b, &auth.ModelBackend{Users: s.db, Passwords: s.auth.Passwords()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.auth = service
	c := middleware.RemoteUserConfig{Header: remoteHeader, Trusted: []string{"127.0.0.1"}}
	for _, f := range change {
		f(&c)
	}
	remote, err := middleware.RemoteUser(service, c)
	if err != nil {
		t.Fatal(err)
	}
	codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: secretKey}})
	if err != nil {
		t.Fatal(err)
	}
	e := engine(t, sessions.Config{Store: dbstore.New(s.db, codec), Logger: quiet})
	s.chain = middleware.Chain(middleware.Sessions(e), middleware.Authentication(service), remote)
	s.mux.HandleFunc("GET /save", write)
	s.mux.HandleFunc("GET /header", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(strings.Join(r.Header[remoteHeader], ",")))
	})
	return s
}

// who is the user of a request with these headers.
func (s *site) who(t *testing.T, c *http.Client, header ...string) string {
	t.Helper()
	_, body := s.get(t, c, "/who", header...)
	return body
}

// TestRemoteUserChanges is CVE-2014-0482: one cookie, first alice's and then
// bob's. Bob gets a session of his own, and nothing of alice's.
func TestRemoteUserChanges(t *testing.T) {
	s := newRemoteSite(t, &backends.RemoteUser{}).start(t)
	c := newClient(t)
	if got := s.who(t, c, remoteHeader, "alice"); got != "alice" {
		t.Fatalf("alice is %s", got)
	}
	s.get(t, c, "/save", remoteHeader, "alice")
	alices := s.key(t, c)
	if got := s.who(t, c, remoteHeader, "alice"); got != "alice" || s.key(t, c) != alices {
		t.Errorf("a second request is %s's, under another key: %v", got, s.key(t, c) != alices)
	}
	if got := s.who(t, c, remoteHeader, "bob"); got != "bob" || s.key(t, c) == alices {
		t.Errorf("bob is %s, with alice's key: %v", got, s.key(t, c) == alices)
	}
	if exists, err := s.db.SessionExists(t.Context(), alices); exists || err != nil {
		t.Errorf("alice's session lives on: %v, %v", exists, err)
	}
	if got := s.who(t, c); got != "AnonymousUser" || s.key(t, c) != "" {
		t.Errorf("without the header it is %s, with the cookie %q", got, s.key(t, c))
	}
	if got := s.who(t, c, remoteHeader, "alice"); got != "alice" {
		t.Errorf("alice again is %s", got)
	}
	if got := s.who(t, c, remoteHeader, ""); got != "AnonymousUser" {
		t.Errorf("an empty header is %s", got)
	}
}

func TestRemoteUserPersistent(t *testing.T) {
	s := newRemoteSite(t, &backends.RemoteUser{}, func(c *middleware.RemoteUserConfig) { c.Persistent = true }).start(t)
	c := newClient(t)
	for _, one := range []struct {
		header []string
		want   string
	}{{nil, "AnonymousUser"}, {[]string{remoteHeader, "alice"}, "alice"}, {nil, "alice"}, {[]string{remoteHeader, "bob"}, "bob"}, {nil, "bob"}} {
		if got := s.who(t, c, one.header...); got != one.want {
			t.Errorf("%v is %s, want %s", one.header, got, one.want)
		}
	}
}

// TestRemoteUserStrangers: a header of who is not trusted is no header, and does
// not reach the handler.
func TestRemoteUserStrangers(t *testing.T) {
	s := newRemoteSite(t, &backends.RemoteUser{}, func(c *middleware.RemoteUserConfig) { c.Trusted = []string{"192.0.2.0/24"} })
	s.start(t)
	c := newClient(t)
	if got := s.who(t, c, remoteHeader, "alice", "X-Forwarded-For", "192.0.2.1"); got != "AnonymousUser" {
		t.Errorf("a stranger is %s", got)
	}
	if _, got := s.get(t, c, "/header", remoteHeader, "alice"); got != "" {
		t.Errorf("the handler sees %q", got)
	}
	h := s.chain(s.mux)
	for peer, want := range map[string]string{"192.0.2.7:1": "alice", "192.0.3.7:1": "AnonymousUser", "@": "AnonymousUser"} {
		r := httptest.NewRequest(http.MethodGet, "/who", nil)
		r.RemoteAddr = peer
		r.Header.Set(remoteHeader, "alice")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Body.String() != want {
			t.Errorf("%s: %s, want %s", peer, w.Body, want)
		}
	}
}

func TestRemoteUserTwice(t *testing.T) {
	s := newRemoteSite(t, &backends.RemoteUser{}).start(t)
	if response, _ := s.get(t, newClient(t), "/who", remoteHeader, "alice", remoteHeader, "bob"); response.StatusCode != http.StatusBadRequest {
		t.Errorf("two headers: %s", response.Status)
	}
}

// TestRemoteUserBesidePasswords: who signed in by password is no business of the
// web server, until it names somebody.
func TestRemoteUserBesidePasswords(t *testing.T) {
	s := newRemoteSite(t, &backends.RemoteUser{}).start(t)
	s.user(t, "carol", "a password")
	c := s.signIn(t, "carol", "a password")
	if got := s.who(t, c); got != "carol" {
		t.Errorf("carol is %s", got)
	}
	if got := s.who(t, c, remoteHeader, "carol"); got != "carol" {
		t.Errorf("carol named is %s", got)
	}
	if got := s.who(t, c, remoteHeader, "alice"); got != "alice" {
		t.Errorf("alice is %s", got)
	}
}

func TestRemoteUserBackend(t *testing.T) {
	var made []string
	failure := error(nil)
	b := &backends.RemoteUser{
		Clean: func(name string) string { name, _, _ = strings.Cut(name, "@"); return name },
		Configure: func(_ context.Context, u *auth.User, created bool) error {
			if created {
				made = append(made, u.Username)
			}
			return failure
		},
	}
	s := newRemoteSite(t, b).start(t)
	c := newClient(t)
	for range 2 {
		if got := s.who(t, c, remoteHeader, "dora@REALM"); got != "dora" {
			t.Errorf("dora is %s", got)
		}
	}
	if got := s.who(t, newClient(t), remoteHeader, "dora@OTHER"); got != "dora" || len(made) != 1 {
		t.Errorf("dora is %s, made %v", got, made)
	}
	dora, err := s.db.UserByUsername(t.Context(), "dora")
	if err != nil || dora.Password.Usable() || dora.LastLogin.IsZero() || dora.IsStaff {
		t.Errorf("%+v, %v", dora, err)
	}
	for name, remote := range map[string]string{"a long name": strings.Repeat("x", 151), "nobody": "@REALM", "no UTF-8": "\xff"} {
		if got := s.who(t, newClient(t), remoteHeader, remote); got != "AnonymousUser" {
			t.Errorf("%s is %s", name, got)
		}
	}
	dora.IsActive = false
	if err := s.db.UpdateUser(t.Context(), dora); err != nil {
		t.Fatal(err)
	}
	if got := s.who(t, c, remoteHeader, "dora"); got != "AnonymousUser" {
		t.Errorf("dora, who is not active, is %s", got)
	}
	failure = errors.New("the directory is down")
	if response, _ := s.get(t, newClient(t), "/who", remoteHeader, "emil"); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a failing Configure: %s", response.Status)
	}
}

func TestRemoteUserKnownOnly(t *testing.T) {
	s := newRemoteSite(t, &backends.RemoteUser{KnownOnly: true, AllowInactive: true}).start(t)
	u := s.user(t, "fred", "")
	u.IsActive = false
	if err := s.db.UpdateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"fred": "fred", "unknown": "AnonymousUser"} {
		if got := s.who(t, newClient(t), remoteHeader, name); got != want {
			t.Errorf("%s is %s", name, got)
		}
	}
}

// TestRemoteUserRace: many first requests of one user make one user.
func TestRemoteUserRace(t *testing.T) {
	s := newRemoteSite(t, &backends.RemoteUser{}).start(t)
	var wait sync.WaitGroup
	for range 16 {
		c := newClient(t)
		wait.Go(func() {
			r, err := http.NewRequest(http.MethodGet, s.server.URL+"/who", nil)
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set(remoteHeader, "gina")
			response, err := c.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			if response.Body.Close(); response.StatusCode != http.StatusOK {
				t.Error(response.Status)
			}
		})
	}
	wait.Wait()
}

func TestRemoteUserMistakes(t *testing.T) {
	service := newSite(t).auth
	good := middleware.RemoteUserConfig{Header: remoteHeader, Trusted: []string{"127.0.0.1"}}
	if _, err := middleware.RemoteUser(nil, good); err == nil || !strings.Contains(err.Error(), "needs the auth service") {
		t.Errorf("without a service: %v", err)
	}
	for want, c := range map[string]middleware.RemoteUserConfig{
		"Header is empty":     {Trusted: []string{"127.0.0.1"}},
		"Trusted is empty":    {Header: remoteHeader},
		`"REMOTE_USER" is no`: {Header: "REMOTE_USER", Trusted: []string{"127.0.0.1"}},
		`"localhost"`:         {Header: remoteHeader, Trusted: []string{"localhost"}},
	} {
		if _, err := middleware.RemoteUser(service, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
