package probe_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/probe"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/signing"
)

var keys = signing.Keys{Secret: "a secret key of a site that is long enough", Fallbacks: []string{"a former key of that site"}}

func handler(t testing.TB) http.Handler {
	t.Helper()
	wrap, err := probe.New(probe.Config{
		Keys: keys, Proxy: middleware.ProxyConfig{Trusted: []string{"10.0.0.0/8"}},
		Cookie: httptext.SetCookie{Name: "sessionid", Path: "/", Secure: true, HttpOnly: true, SameSite: "Lax"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return wrap(http.NotFoundHandler())
}

// ask sends a request by a peer.
func ask(t testing.TB, h http.Handler, peer, signed string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://www.example.com"+probe.Path, nil)
	r.RemoteAddr = peer + ":4711"
	r.Header.Set(probe.Header, signed)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func sign(t testing.TB, keys signing.Keys) (nonce, signed string) {
	t.Helper()
	nonce, signed, err := probe.Sign(keys)
	if err != nil {
		t.Fatal(err)
	}
	return nonce, signed
}

// TestReport: the report has what the site goes by, and whether the peer is trusted.
func TestReport(t *testing.T) {
	h := handler(t)
	for peer, want := range map[string]probe.Report{
		"10.0.0.7":  {Scheme: "https", Client: "198.51.100.9", PeerTrusted: true},
		"192.0.2.9": {Scheme: "http", Client: "192.0.2.9"},
	} {
		nonce, signed := sign(t, keys)
		w := ask(t, h, peer, signed, "X-Forwarded-Proto", "https", "X-Forwarded-For", "198.51.100.9", "Cookie", "sessionid=canary",
			"Authorization", "canary")
		var got probe.Report
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatalf("%v: %s", err, w.Body)
		}
		if got.Nonce != nonce || got.Scheme != want.Scheme || got.Client != want.Client || got.PeerTrusted != want.PeerTrusted ||
			got.Peer != peer || got.Host != "www.example.com" || len(got.Forwarded) != 2 {
			t.Errorf("%s: %+v", peer, got)
		}
		cookie, err := http.ParseSetCookie(got.Cookie)
		if err != nil || cookie.Name != "sessionid" || cookie.Value != probe.CookieValue || cookie.MaxAge >= 0 || !cookie.Secure {
			t.Errorf("the cookie: %v, %v", cookie, err)
		}
		if w.Header().Get("Set-Cookie") != got.Cookie || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("the headers: %v", w.Header())
		}
		if strings.Contains(w.Body.String(), "canary") {
			t.Errorf("the report shows what it need not: %s", w.Body)
		}
	}
}

// TestUnsigned: without a signature that is new and by a key of the site there is no such address.
func TestUnsigned(t *testing.T) {
	h := handler(t)
	signer, err := probe.Signer(keys)
	if err != nil {
		t.Fatal(err)
	}
	_, good := sign(t, keys)
	_, other := sign(t, signing.Keys{Secret: "another secret key that is long enough"})
	_, former := sign(t, signing.Keys{Secret: keys.Fallbacks[0]})
	elsewhere, err := signing.NewTimestamp(signing.Config{Key: keys.Secret})
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		signed string
		status int
	}{
		"good": {good, http.StatusOK}, "of a former key": {former, http.StatusOK}, "none": {"", http.StatusNotFound},
		"of another key": {other, http.StatusNotFound}, "changed": {"x" + good, http.StatusNotFound},
		"too old":  {signer.At(time.Now().Add(-6 * time.Minute)).Sign("nonce"), http.StatusNotFound},
		"for else": {elsewhere.Sign("nonce"), http.StatusNotFound},
		"long":     {signer.Sign(strings.Repeat("a", 300)), http.StatusNotFound},
	} {
		w := ask(t, h, "10.0.0.7", c.signed)
		if w.Code != c.status || (w.Header().Get("Set-Cookie") != "") != (c.status == http.StatusOK) {
			t.Errorf("%s: %d %v", what, w.Code, w.Header())
		}
	}
	if w := ask(t, h, "10.0.0.7", good, probe.Header, good); w.Code != http.StatusNotFound {
		t.Errorf("signed twice: %d", w.Code)
	}
}

// FuzzUnsigned: no text but a signed one gets the report.
func FuzzUnsigned(f *testing.F) {
	h := handler(f)
	_, other := sign(f, signing.Keys{Secret: "another secret key that is long enough"})
	f.Add(other, "https")
	f.Add("a:b:c", "")
	f.Fuzz(func(t *testing.T, signed, proto string) {
		if w := ask(t, h, "10.0.0.7", signed, "X-Forwarded-Proto", proto, "X-Forwarded-For", proto); w.Code != http.StatusNotFound {
			t.Errorf("%q: %d", signed, w.Code)
		}
	})
}
