package middleware_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
)

// TestNothingIsDoneUnasked: a view that asks for nothing costs no query, and its
// response is as good for everybody.
func TestNothingIsDoneUnasked(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	b.get(write)
	r.store.Log()
	response, body := b.get(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	if log := r.store.Log(); log != nil || response.Header["Vary"] != nil || response.Header["Set-Cookie"] != nil || body != "hello" {
		t.Errorf("the store was asked %q; %v", log, response.Header)
	}
	response, _ = b.get(read)
	if log := strings.Join(r.store.Log(), " "); log != "load" || response.Header.Get("Vary") != "Cookie" || response.Header["Set-Cookie"] != nil {
		t.Errorf("reading: the store was asked %q; %v", log, response.Header)
	}
	response, _ = b.get(write)
	cookies := response.Cookies()
	if log := strings.Join(r.store.Log(), " "); log != "load update" || response.Header.Get("Vary") != "Cookie" || len(cookies) != 1 ||
		cookies[0].Value != b.key() || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode || cookies[0].Path != "/" || cookies[0].MaxAge != 1209600 {
		t.Errorf("writing: the store was asked %q; %v", log, response.Header)
	}
	response, _ = r.browser().get(read)
	if log := r.store.Log(); log != nil || response.Header.Get("Vary") != "Cookie" || response.Header["Set-Cookie"] != nil {
		t.Errorf("a visitor without a session: the store was asked %q; %v", log, response.Header)
	}
}

// TestStrangersCreateNothing, whatever key they make up, also where every
// request saves (CVE-2015-5143, CVE-2015-5963).
func TestStrangersCreateNothing(t *testing.T) {
	for _, every := range []bool{false, true} {
		r := newRig(t, func(c *sessions.Config) { c.SaveEveryRequest = every })
		nothing := func(http.ResponseWriter, *http.Request) {}
		flush := func(w http.ResponseWriter, req *http.Request) {
			if err := session(req).Flush(req.Context()); err != nil {
				t.Error(err)
			}
		}
		for range 20 {
			for _, h := range []http.HandlerFunc{nothing, read, flush} {
				for _, key := range []string{sessions.NewKey(), "short", "", strings.Repeat("x", 4000)} {
					b := r.browser()
					b.setKey(key)
					b.get(h)
					if b.key() != "" && b.key() != key {
						t.Errorf("SaveEveryRequest %v: a stranger with key %.9q got a session", every, key)
					}
				}
			}
		}
		if n := len(r.store.Sessions()); n != 0 {
			t.Errorf("SaveEveryRequest %v: strangers made %d sessions", every, n)
		}
		b := r.browser()
		b.setKey(oldKey)
		b.get(write)
		if all := r.store.Sessions(); len(all) != 1 || b.key() == oldKey || all[b.key()] != `{"x":1}` {
			t.Errorf("writing under a made-up key: %v, %q", all, b.key())
		}
	}
}

// TestSaveEveryRequest moves the end of a session that is there.
func TestSaveEveryRequest(t *testing.T) {
	r := newRig(t, func(c *sessions.Config) { c.SaveEveryRequest = true })
	b := r.browser()
	b.get(write)
	key := b.key()
	r.store.Log()
	response, _ := b.get(func(http.ResponseWriter, *http.Request) {})
	if log := strings.Join(r.store.Log(), " "); log != "load update" || len(response.Cookies()) != 1 || b.key() != key || response.Header.Get("Vary") != "Cookie" {
		t.Errorf("the store was asked %q; %v", log, response.Header)
	}
}

// TestFailuresAreNotSaved: a status of 500 and more, and a panic.
func TestFailuresAreNotSaved(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	b.get(write)
	before := r.store.Sessions()[b.key()]
	r.store.Log()
	for _, status := range []int{500, 501, 503, 599} {
		response, _ := b.get(func(w http.ResponseWriter, req *http.Request) {
			if err := session(req).Set(req.Context(), "x", 2); err != nil {
				t.Error(err)
			}
			w.WriteHeader(status)
		})
		if log := strings.Join(r.store.Log(), " "); response.StatusCode != status || log != "load" || response.Header["Set-Cookie"] != nil {
			t.Errorf("%d: the store was asked %q; %v", response.StatusCode, log, response.Header)
		}
	}
	for _, early := range []bool{false, true} {
		r.serve(func(w http.ResponseWriter, req *http.Request) {
			if early {
				_, _ = io.WriteString(w, "so far")
				_ = http.NewResponseController(w).Flush()
			}
			if err := session(req).Set(req.Context(), "x", 2); err != nil {
				t.Error(err)
			}
			panic(http.ErrAbortHandler)
		})
		response, err := b.client.Get(r.server.URL)
		if err == nil {
			_, err = io.ReadAll(response.Body)
			response.Body.Close()
		}
		if err == nil {
			t.Error("a panic was answered as if nothing had happened")
		}
	}
	if after := r.store.Sessions()[b.key()]; after != before {
		t.Errorf("the session is %s, it was %s", after, before)
	}
}

// TestInterruptedSession: it was deleted while the request ran.
func TestInterruptedSession(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	b.get(write)
	key := b.key()
	response, body := b.get(func(w http.ResponseWriter, req *http.Request) {
		if err := session(req).Set(req.Context(), "x", 2); err != nil {
			t.Error(err)
		}
		if err := r.store.Delete(req.Context(), key); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Length", "6")
		w.Header().Set("Location", "/elsewhere")
		w.Header().Add("Set-Cookie", "mine=1")
		w.WriteHeader(http.StatusFound)
		_, _ = io.WriteString(w, "secret")
	})
	if response.StatusCode != http.StatusBadRequest || response.Header["Set-Cookie"] != nil || response.Header["Location"] != nil ||
		!strings.Contains(body, "Your session ended") || strings.Contains(body, "secret") {
		t.Errorf("%d %v %q", response.StatusCode, response.Header, body)
	}
	if len(r.store.Sessions()) != 0 {
		t.Error("the session is back")
	}
}

// TestInterruptionThatTheHandlerIgnores: a handler that finds out that its session has
// ended, and responds as if nothing had happened, responds nothing.
func TestInterruptionThatTheHandlerIgnores(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	b.get(write)
	key := b.key()
	response, body := b.get(func(w http.ResponseWriter, req *http.Request) {
		_, err := session(req).Data(req.Context())
		if err := errors.Join(err, r.store.Delete(req.Context(), key)); err != nil {
			t.Error(err)
		}
		if err := session(req).CycleKey(req.Context()); !errors.Is(err, sessions.ErrInterrupted) {
			t.Error(err)
		}
		_, _ = io.WriteString(w, "secret")
	})
	if response.StatusCode != http.StatusBadRequest || response.Header["Set-Cookie"] != nil || strings.Contains(body, "secret") {
		t.Errorf("%d %v %q", response.StatusCode, response.Header, body)
	}
}

// TestOutages: the store fails before or after the view. Neither session nor
// cookie change, and the visitor gets 503, never a part of what the view wrote.
func TestOutages(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	b.get(write)
	key, before := b.key(), r.store.Sessions()[b.key()]
	bodies := map[string]func(w http.ResponseWriter){
		"plain": func(w http.ResponseWriter) { _, _ = io.WriteString(w, "secret") },
		"large": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100000")
			w.Header().Set("Content-Type", "application/zip")
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Cache-Control", "public, max-age=600")
			w.Header().Set("ETag", `"1"`)
			_, _ = io.WriteString(w, strings.Repeat("secret", 100000/6))
		},
		"copied":     func(w http.ResponseWriter) { _, _ = io.Copy(w, strings.NewReader(strings.Repeat("secret", 1000))) },
		"flushed":    func(w http.ResponseWriter) { w.(http.Flusher).Flush(); _, _ = io.WriteString(w, "secret") },
		"nothing":    func(http.ResponseWriter) {},
		"no content": func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) },
		"unchanged":  func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotModified) },
		"redirect":   func(w http.ResponseWriter) { w.Header().Set("Location", "/secret"); w.WriteHeader(http.StatusFound) },
	}
	check := func(name string, response *http.Response, body string) {
		t.Helper()
		h := response.Header
		if response.StatusCode != http.StatusServiceUnavailable || h.Get("Retry-After") != "5" || h["Set-Cookie"] != nil ||
			h.Get("Cache-Control") != "no-store" || h["Etag"] != nil || h["Location"] != nil || h["Content-Encoding"] != nil ||
			strings.Contains(body, "secret") || !strings.Contains(body, "You have not been logged out") {
			t.Errorf("%s: %d %v %.99q", name, response.StatusCode, h, body)
		}
		if strings.Contains(body, "fire") {
			t.Errorf("%s: the visitor is shown the store's error", name)
		}
		if log := r.log.take(); !strings.Contains(log, "fire") || strings.Contains(log, key) {
			t.Errorf("%s: the log says %q", name, log)
		}
		r.store.FailWith(nil)
		if r.store.Sessions()[key] != before || b.key() != key {
			t.Errorf("%s: session or cookie changed", name)
		}
	}
	for name, answer := range bodies {
		response, body := b.get(func(w http.ResponseWriter, req *http.Request) {
			if err := session(req).Set(req.Context(), "x", 2); err != nil {
				t.Error(err)
			}
			r.store.FailWith(errOutage)
			answer(w)
		})
		check("save, "+name, response, body)
	}
	for name, h := range map[string]http.HandlerFunc{"read": read, "write": write} {
		r.store.FailWith(errOutage)
		response, body := b.get(h)
		check("load, "+name, response, body)
	}
}

// hanging is a store that completes no operation until its context
// ends.
type hanging struct {
	sessions.Store
	load, update bool
	began        chan struct{}
}

func (h hanging) wait(ctx context.Context) error {
	close(h.began)
	<-ctx.Done()
	return ctx.Err()
}

func (h hanging) Load(ctx context.Context, key string) (*sessions.Record, error) {
	if h.load {
		return nil, h.wait(ctx)
	}
	return h.Store.Load(ctx, key)
}

func (h hanging) Update(ctx context.Context, key string, record *sessions.Record) error {
	if h.update {
		return h.wait(ctx)
	}
	return h.Store.Update(ctx, key, record)
}

// TestClientGoesAway while the store hangs: the handler ends at once.
func TestClientGoesAway(t *testing.T) {
	began, ended := make(chan struct{}), make(chan error, 1)
	r := newRig(t, func(c *sessions.Config) { c.Store = hanging{Store: c.Store, load: true, began: began} })
	r.store.Put(oldKey, `{"x":1}`)
	r.serve(func(w http.ResponseWriter, req *http.Request) {
		_, _, err := session(req).Get(req.Context(), "x")
		middleware.Fail(w, req, err)
		ended <- err
	})
	ctx, cancel := context.WithCancel(t.Context())
	req := request(t, http.MethodGet, r.server.URL, "", "Cookie", "sessionid="+oldKey).WithContext(ctx)
	go func() { <-began; cancel() }()
	if _, err := r.browser().client.Do(req); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if r.store.Sessions()[oldKey] != `{"x":1}` {
		t.Error("the session changed")
	}
	if log := r.log.take(); !strings.Contains(log, "request failed") || strings.Contains(log, "level=ERROR") {
		t.Errorf("a client that goes away is no error: %s", log)
	}
}

// TestClientIsGoneAtTheSave: what the handler did is saved nevertheless.
func TestClientIsGoneAtTheSave(t *testing.T) {
	r := newRig(t)
	r.store.Put(oldKey, `{"x":1}`)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	outer := r.server.Config.Handler
	r.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		defer close(ended)
		outer.ServeHTTP(w, req)
	})
	r.serve(func(w http.ResponseWriter, req *http.Request) {
		if err := session(req).Set(req.Context(), "x", 2); err != nil {
			t.Error(err)
		}
		cancel()
		<-req.Context().Done()
	})
	req := request(t, http.MethodGet, r.server.URL, "", "Cookie", "sessionid="+oldKey).WithContext(ctx)
	if _, err := r.browser().client.Do(req); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	<-ended
	if got := r.store.Sessions()[oldKey]; got != `{"x":2}` {
		t.Errorf("the session is %s", got)
	}
}

// TestHangingSave ends after ten seconds.
func TestHangingSave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := sessionstest.NewMemory()
		memory.Put(oldKey, `{"x":1}`)
		e := engine(t, sessions.Config{Store: hanging{Store: memory, update: true, began: make(chan struct{})}, Logger: slog.New(slog.DiscardHandler)})
		start, w, req := time.Now(), httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
		req.Header.Set("Cookie", "sessionid="+oldKey)
		middleware.Sessions(e)(http.HandlerFunc(write)).ServeHTTP(w, req)
		if took := time.Since(start); w.Code != http.StatusServiceUnavailable || took != 10*time.Second || w.Header()["Set-Cookie"] != nil {
			t.Errorf("%d after %v; %v", w.Code, took, w.Header())
		}
	})
}

// TestDuplicateCookies: the last one counts, as in Django, over all lines.
func TestDuplicateCookies(t *testing.T) {
	r := newRig(t)
	keys := []string{strings.Repeat("a", 32), strings.Repeat("b", 32), strings.Repeat("c", 32)}
	for _, key := range keys {
		r.store.Put(key, `{"who":"`+key[:1]+`"}`)
	}
	r.serve(func(w http.ResponseWriter, req *http.Request) {
		who, _ := session(req).Text(req.Context(), "who")
		_, _ = io.WriteString(w, who)
	})
	for _, tt := range []struct {
		lines []string
		want  string
	}{
		{[]string{"sessionid=" + keys[0]}, "a"},
		{[]string{"sessionid=" + keys[0] + "; sessionid=" + keys[1]}, "b"},
		{[]string{"sessionid=" + keys[0] + "; sessionid=" + keys[1] + "; other=" + keys[2]}, "b"},
		{[]string{"sessionid=" + keys[0], "sessionid=" + keys[2]}, "c"},
		{[]string{`sessionid="` + keys[0] + `"`}, "a"},
		{[]string{" sessionid = " + keys[1] + " "}, "b"},
		{[]string{"x=sessionid=" + keys[0]}, ""},
		{[]string{"sessionid=" + keys[0] + "; sessionid="}, ""},
		{[]string{"SESSIONID=" + keys[0]}, ""},
	} {
		req := request(t, http.MethodGet, r.server.URL, "")
		req.Header["Cookie"] = tt.lines
		if _, body := fetch(t, newClient(t), req); body != tt.want {
			t.Errorf("%q: session of %q, want %q", tt.lines, body, tt.want)
		}
	}
}

// TestLogHandlerThatAsks: a log handler may ask for the session while the
// middleware's own message about that session is on its way.
func TestLogHandlerThatAsks(t *testing.T) {
	store := sessionstest.NewMemory()
	store.Put(oldKey, "not JSON")
	h := middleware.Sessions(engine(t, sessions.Config{Store: store, Logger: askingLogger()}))(http.HandlerFunc(read))
	w, req := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
	req.Header.Set("Cookie", "sessionid="+oldKey)
	done := make(chan struct{})
	go func() { defer close(done); h.ServeHTTP(w, req) }()
	select {
	case <-done:
		if w.Code != http.StatusOK || w.Header()["Set-Cookie"] != nil {
			t.Errorf("%d %v", w.Code, w.Header())
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the request waits for its own log message")
	}
}
