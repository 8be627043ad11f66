package messages_test

import (
	"bytes"
	"context"
	"crypto/sha512"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/messages"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/signing"
)

// browser keeps the cookies of a site.
type browser struct {
	t       *testing.T
	site    *coatchecktest.Site
	cookies map[string]*http.Cookie
}

func open(t *testing.T, configure func(*coatcheck.Config)) *browser {
	return &browser{t, coatchecktest.NewSite(t, configure), map[string]*http.Cookie{}}
}

// get serves a view, and returns its response.
func (b *browser) get(view func(w http.ResponseWriter, r *http.Request)) *httptest.ResponseRecorder {
	b.t.Helper()
	r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
	for _, cookie := range b.cookies {
		r.AddCookie(cookie)
	}
	b.site.Handler(b.site.Messages(http.HandlerFunc(view))).ServeHTTP(w, r)
	for _, cookie := range w.Result().Cookies() {
		if b.cookies[cookie.Name] = cookie; cookie.MaxAge < 0 {
			delete(b.cookies, cookie.Name)
		}
	}
	return w
}

// say adds messages in one request.
func (b *browser) say(texts ...string) {
	b.t.Helper()
	b.get(func(_ http.ResponseWriter, r *http.Request) {
		for _, text := range texts {
			if err := messages.Info(r.Context(), text); err != nil {
				b.t.Error(err)
			}
		}
	})
}

// shown is what the next page shows, each as "tags: text".
func (b *browser) shown() string {
	b.t.Helper()
	return b.get(show).Body.String()
}

func show(w http.ResponseWriter, r *http.Request) {
	list, err := messages.Take(r.Context())
	if err != nil {
		middleware.Fail(w, r, err)
		return
	}
	for _, m := range list {
		fmt.Fprintf(w, "%s: %s\n", m.Tags(), m.HTML())
	}
}

func (b *browser) wants(got, want string) {
	b.t.Helper()
	if got != want {
		b.t.Errorf("shown %.300q, want %.300q", got, want)
	}
}

// storages are Django's three.
var storages = []messages.Storage{messages.StorageFallback, messages.StorageCookie, messages.StorageSession}

// TestOnce: a message is shown by the next page that takes messages, once, whatever comes
// between, together with later ones.
func TestOnce(t *testing.T) {
	for _, storage := range storages {
		t.Run(string(storage), func(t *testing.T) {
			b := open(t, func(c *coatcheck.Config) {
				c.Web.Messages.Storage, c.Web.Messages.Tags = storage, map[messages.Level]string{50: "alarm"}
			})
			b.say("one", "")
			b.get(func(http.ResponseWriter, *http.Request) {})
			b.get(func(_ http.ResponseWriter, r *http.Request) {
				for _, m := range []messages.Message{
					{Level: messages.LevelDebug, Text: "not kept"},
					{Level: messages.LevelError, Text: "<i>two</i>", ExtraTags: "big"},
					{Level: 50, Text: "<i>three</i>", Safe: true},
				} {
					if err := messages.Add(r.Context(), m); err != nil {
						t.Error(err)
					}
				}
			})
			b.wants(b.shown(), "info: one\nbig error: &lt;i&gt;two&lt;/i&gt;\nalarm: <i>three</i>\n")
			b.wants(b.shown(), "")
			if len(b.cookies) > 0 && storage != messages.StorageSession {
				t.Errorf("cookies are left: %v", b.cookies)
			}
		})
	}
}

// TestSameRequest: a page shows what it said itself, and not again.
func TestSameRequest(t *testing.T) {
	for _, storage := range storages {
		b := open(t, func(c *coatcheck.Config) { c.Web.Messages.Storage = storage })
		b.say("before")
		w := b.get(func(w http.ResponseWriter, r *http.Request) {
			err := errors.Join(messages.Success(r.Context(), "now"))
			show(w, r)
			if err = errors.Join(err, messages.Warning(r.Context(), "after")); err != nil {
				t.Error(err)
			}
		})
		b.wants(w.Body.String(), "info: before\nsuccess: now\n")
		b.wants(b.shown(), "")
	}
}

// TestTooLong: what a cookie cannot hold is in the session, or else the oldest are lost
// and the log tells.
func TestTooLong(t *testing.T) {
	var texts []string
	for i := range 60 {
		texts = append(texts, fmt.Sprintf("%d %x", i, sha512.Sum512([]byte{byte(i)})))
	}
	all := "info: " + strings.Join(texts, "\ninfo: ") + "\n"
	for _, storage := range storages[:2] {
		var log bytes.Buffer
		b := open(t, func(c *coatcheck.Config) {
			c.Web.Messages.Storage, c.Site.Logger = storage, slog.New(slog.NewTextHandler(&log, nil))
		})
		b.say(texts...)
		if n := len(b.cookies[messages.CookieName].Value); n < 1900 || n > 2048 {
			t.Errorf("the cookie has %d bytes", n)
		}
		if storage == messages.StorageFallback {
			b.wants(b.shown(), all)
			b.wants(b.shown(), "")
			continue
		}
		shown := b.shown()
		if len(shown) < 1900 || shown == all || !strings.HasSuffix(all, shown) || !strings.Contains(log.String(), "do not fit into a cookie") {
			t.Errorf("%d of %d bytes are shown\n%s", len(shown), len(all), &log)
		}
	}
}

// TestStrangers: what nobody signed is not shown, creates no session, and goes.
func TestStrangers(t *testing.T) {
	b := open(t, func(*coatcheck.Config) {})
	b.cookies[messages.CookieName] = &http.Cookie{Name: messages.CookieName, Value: "W10:1abcde:forged"}
	b.wants(b.shown(), "")
	if len(b.cookies) != 0 {
		t.Errorf("cookies: %v", b.cookies)
	}
}

// TestCookie: it has the attributes of the session's, and its response is for one client.
func TestCookie(t *testing.T) {
	b := open(t, func(c *coatcheck.Config) {
		c.Sessions.CookieSecure, c.Sessions.CookieSameSite, c.Sessions.CookieDomain = true, "Strict", "example.com"
	})
	w := b.get(func(_ http.ResponseWriter, r *http.Request) { _ = messages.Info(r.Context(), "hello") })
	line := w.Header().Get("Set-Cookie")
	for _, want := range []string{"; HttpOnly", "; Secure", "; SameSite=Strict", "; Domain=example.com", "; Path=/"} {
		if !strings.Contains(line, want) {
			t.Errorf("%s lacks %s", line, want)
		}
	}
	if strings.Contains(line, "expires") || !strings.Contains(w.Header().Get("Cache-Control"), "private") || !strings.Contains(w.Header().Get("Vary"), "Cookie") {
		t.Errorf("%v", w.Header())
	}
	if w := b.get(show); !strings.Contains(w.Header().Get("Vary"), "Cookie") {
		t.Errorf("a page of messages: %v", w.Header())
	}
}

// broken is a store that fails.
type broken struct{ sessions.Store }

func (broken) Load(context.Context, string) (*sessions.Record, error) {
	return nil, errors.New("no connection")
}

// TestOutage: where messages cannot be read the page is a 503, and they wait.
func TestOutage(t *testing.T) {
	b := open(t, func(c *coatcheck.Config) {
		c.Web.Messages.Storage, c.Sessions.Store = messages.StorageSession, broken{}
	})
	b.cookies["sessionid"] = &http.Cookie{Name: "sessionid", Value: strings.Repeat("a", 32)}
	for _, view := range []func(http.ResponseWriter, *http.Request){
		show,
		func(w http.ResponseWriter, r *http.Request) {
			_ = messages.Info(r.Context(), "hello")
			http.Redirect(w, r, "/next", http.StatusSeeOther)
		},
	} {
		if w := b.get(view); w.Code != http.StatusServiceUnavailable || w.Header().Get("Set-Cookie")+w.Header().Get("Location") != "" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
	}
}

// TestWithoutMiddleware: the error says what is missing.
func TestWithoutMiddleware(t *testing.T) {
	if err := messages.Info(t.Context(), "hello"); !errors.Is(err, messages.ErrNoMessages) {
		t.Error(err)
	}
	if _, err := messages.Take(t.Context()); !errors.Is(err, messages.ErrNoMessages) {
		t.Error(err)
	}
}

// TestMistakes: a configuration that cannot work is refused, and prints no key.
func TestMistakes(t *testing.T) {
	for _, c := range []messages.Config{{}, {Keys: signing.Keys{Secret: "key"}, Options: messages.Options{Storage: "memory"}}} {
		if _, err := messages.New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", messages.Config{Keys: signing.Keys{Secret: "canary"}}, messages.Config{Keys: signing.Keys{Secret: "canary"}}, messages.Config{Keys: signing.Keys{Secret: "canary"}}); strings.Contains(text, "canary") {
		t.Error(text)
	}
}
