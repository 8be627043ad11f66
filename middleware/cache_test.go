package middleware_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
)

// cacheHeaders are what a handler may say to caches, and what becomes of it where the
// response carries a cookie that names a person.
var cacheHeaders = []struct {
	said []string
	want string
}{
	{nil, "private"},
	{[]string{"public, max-age=31536000, immutable"}, "private, max-age=31536000, immutable"},
	{[]string{"PUBLIC , S-MaxAge = 600", "max-age=5"}, "private, max-age=5"},
	{[]string{`x="a, private", s-maxage="5"`}, `private, x="a, private"`},
	{[]string{`x="a\", public", public`}, `private, x="a\", public"`},
	{[]string{`x="never closed, private`}, `private, x="never closed, private`},
	{[]string{`private="Set-Cookie", max-age=9`}, "private, max-age=9"},
	{[]string{"no-cache"}, "private, no-cache"},
	{[]string{"no-store, must-understand, max-age=60"}, "private, no-store, must-understand, max-age=60"},
	{[]string{"Private, max-age=60"}, "Private, max-age=60"},
	{[]string{"No-Store"}, "No-Store"},
	{[]string{"private, public"}, "private"},
	{[]string{"max-age=0, no-cache, no-store, private"}, "max-age=0, no-cache, no-store, private"},
}

// TestCookiesArePrivate: no shared cache may store a response that sets or deletes the
// session cookie or sets the CSRF cookie. What no cookie goes out with stays as it is.
func TestCookiesArePrivate(t *testing.T) {
	guard, err := middleware.CSRF(middleware.CSRFConfig{})
	if err != nil {
		t.Fatal(err)
	}
	token := guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := middleware.CSRFToken(r); err != nil {
			t.Error(err)
		}
	}))
	for name, act := range map[string]http.HandlerFunc{
		"set": write,
		"deleted": func(_ http.ResponseWriter, r *http.Request) {
			if err := session(r).Flush(r.Context()); err != nil {
				t.Error(err)
			}
		},
		"every request": func(http.ResponseWriter, *http.Request) {},
		"csrf":          token.ServeHTTP,
		"none":          func(http.ResponseWriter, *http.Request) {},
	} {
		r := newRig(t, func(c *sessions.Config) { c.SaveEveryRequest = name == "every request" })
		for _, c := range cacheHeaders {
			r.store.Put(oldKey, `{"x":0}`)
			b := r.browser()
			b.setKey(oldKey)
			response, _ := b.get(func(w http.ResponseWriter, req *http.Request) {
				w.Header().Set("CDN-Cache-Control", "public, max-age=60")
				for _, line := range c.said {
					w.Header().Add("Cache-Control", line)
				}
				act(w, req)
			})
			cookies, cdn := response.Header["Set-Cookie"], response.Header.Get("CDN-Cache-Control")
			got, want := strings.Join(response.Header["Cache-Control"], ", "), c.want
			if name == "none" {
				want = strings.Join(c.said, ", ")
			}
			if sent := len(cookies) > 0; sent != (name != "none") || got != want || (cdn == "") != sent {
				t.Errorf("%s, %q: cookies %q, Cache-Control %q, want %q; for CDNs %q", name, c.said, cookies, got, want, cdn)
			}
		}
	}
}

// TestDetached: a detached session is neither loaded nor saved, and its cookie stays
// with the browser, be the session there or not.
func TestDetached(t *testing.T) {
	r := newRig(t, func(c *sessions.Config) { c.SaveEveryRequest = true })
	for _, key := range []string{oldKey, newKey} { // the second is not there
		r.store.Put(oldKey, `{"x":0}`)
		b := r.browser()
		b.setKey(key)
		r.store.Log()
		response, _ := b.get(func(w http.ResponseWriter, req *http.Request) {
			session(req).Detach()
			if !session(req).Detached() {
				t.Error("it is not detached")
			}
			w.Header().Set("Cache-Control", "public, max-age=60")
		})
		h := response.Header
		if h["Set-Cookie"] != nil || h["Vary"] != nil || h.Get("Cache-Control") != "public, max-age=60" ||
			b.key() != key {
			t.Errorf("%s: %v", key, h)
		}
	}
	if log := r.store.Log(); len(log) != 0 {
		t.Errorf("the store was asked: %v", log)
	}
}
