package views_test

import (
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/dbstore"
	"github.com/coatcheck/coatcheck/signing"
	"github.com/coatcheck/coatcheck/views"
)

// TestStaticIsCompressed: browsers get the stylesheet and the script compressed, and clients that
// cannot read that get the text.
func TestStaticIsCompressed(t *testing.T) {
	s := newSite(t)
	path := s.browser(t).get("/accounts/login/").page(t).where("link", "rel", "stylesheet").attr("href")
	bodies, tags := map[string]string{}, map[string]bool{}
	for accepted, coding := range map[string]string{"gzip, br": "gzip", "br, GZIP;q=0.5": "gzip", "identity": "", "gzip;q=0": "", "gzip; q=0.00, br": ""} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
		r.Header.Set("Accept-Encoding", accepted)
		a := s.program(t).send(r)
		if got := a.Header.Get("Content-Encoding"); got != coding {
			t.Errorf("%q is responded to by %q, want %q", accepted, got, coding)
		}
		bodies[coding], tags[a.Header.Get("ETag")] = a.text, true
	}
	z, err := gzip.NewReader(strings.NewReader(bodies["gzip"]))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil || string(text) != bodies[""] || len(text) < 2*len(bodies["gzip"]) {
		t.Errorf("%d bytes of %d: %v", len(bodies["gzip"]), len(text), err)
	}
	if len(tags) != 2 {
		t.Errorf("the tags of both forms are %v", tags)
	}
}

// TestStaticKnowsNoSession: the files that are the same for everybody, which shared
// caches keep for a year, never carry a cookie and cost no query about a session,
// whatever the client sent and however eager the settings are.
func TestStaticKnowsNoSession(t *testing.T) {
	s := newSite(t)
	s.addUser(t, auth.NewUser{Username: "ada"})
	codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: secretKey}})
	if err != nil {
		t.Fatal(err)
	}
	eager, err := sessions.New(sessions.Config{Store: dbstore.New(s.db, codec), SaveEveryRequest: true})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(views.Path, s.views)
	guard, err := middleware.CSRF(middleware.CSRFConfig{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	chain := middleware.Chain(middleware.Sessions(eager), guard, middleware.Authentication(s.auth))
	s.Config.Handler = chain(mux)
	b := s.browser(t)
	token := b.get("/accounts/login/").token(t)
	login := b.form("/accounts/login/", "username", "ada", "password", canary, "csrfmiddlewaretoken", token)
	login.wantRedirect(t, "/accounts/profile/")
	key := b.get("/accounts/profile/").cookie()
	if key == "" {
		t.Fatal("this site does not save every request")
	}
	page := b.get("/accounts/login/").page(t)
	style, script := page.where("link", "rel", "stylesheet").attr("href"), page.one("script").attr("src")
	before, err := s.db.SessionByKey(t.Context(), key, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	for path, cache := range map[string]string{
		style: "public, max-age=31536000, immutable", script: "public, max-age=31536000, immutable",
		views.OpenAPIURL: "no-cache",
	} {
		for name, cookie := range map[string]string{
			"signed in": "sessionid=" + key, "a dead session": "sessionid=eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
			"no key": "sessionid=x", "a malformed secret": "csrftoken=x; sessionid=" + key, "nothing": "",
		} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				r, _ := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
				r.Header.Set("Cookie", cookie)
				a := s.program(t).send(r)
				h := a.Header
				vary := "Accept-Encoding"
				if path == views.OpenAPIURL {
					vary = ""
				}
				if a.StatusCode != 200 || h["Set-Cookie"] != nil || strings.Join(h["Vary"], ",") != vary || h.Get("Cache-Control") != cache {
					t.Errorf("%s %s with %s: %d %v", method, path, name, a.StatusCode, h)
				}
			}
		}
	}
	after, err := s.db.SessionByKey(t.Context(), key, time.Unix(0, 0))
	if err != nil || !after.Expires.Equal(before.Expires) {
		t.Errorf("a static file moved the end of the session from %v to %v: %v", before.Expires, after.Expires, err)
	}
}

// TestStaticKeepsALogin: a session that changed before the file was asked for, as by a
// login of a remote user, is saved, and that response is for its client alone.
func TestStaticKeepsALogin(t *testing.T) {
	s := newSite(t)
	change := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			session, err := sessions.FromContext(r.Context())
			if err == nil {
				err = session.Set(r.Context(), "x", 1)
			}
			if err != nil {
				t.Error(err)
			}
			next.ServeHTTP(w, r)
		})
	}
	s.Config.Handler = middleware.Chain(middleware.Sessions(engine(t, s.db)), change)(s.views)
	a := s.program(t).get(views.OpenAPIURL)
	if a.cookie() == "" || a.Header.Get("Cache-Control") != "private, no-cache" || s.count(t, "django_session") != 1 {
		t.Errorf("%v", a.Header)
	}
}
