package passkeys_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/internal/softkey"
)

// hostile is a client of a site with the user ada, without the helpers that a fuzz target may not
// call.
type hostile struct {
	*http.Client
	base string
}

func newHostile(f *testing.F) (*rig, *hostile) {
	r := newRig(f, func(c *coatcheck.Config) { // quiet, and without end
		c.Site.Logger, c.Logins.ThrottleOff = slog.New(slog.DiscardHandler), true
	})
	r.CreateUser("ada", canary)
	server := httptest.NewServer(r.Handler(r.Views))
	f.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		f.Fatal(err)
	}
	h := &hostile{server.Client(), strings.Replace(server.URL, "127.0.0.1", "localhost", 1)}
	h.Jar = jar
	return r, h
}

// send sends JSON by POST, or nothing by GET, and returns the status and the body.
func (h *hostile) send(path string, body map[string]string) (int, string) {
	method, content := http.MethodGet, []byte(nil)
	if body != nil {
		method = http.MethodPost
		content, _ = json.Marshal(body)
	}
	q, err := http.NewRequest(method, h.base+path, bytes.NewReader(content))
	if err != nil {
		return 0, err.Error()
	}
	q.Header.Set("Accept", "application/json")
	q.Header.Set("Content-Type", "application/json")
	response, err := h.Do(q)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(text)
}

// try sends a response of an authenticator with a fresh challenge.
func (h *hostile) try(path, response string) (int, string) {
	var o struct {
		State string `json:"state"`
	}
	_, text := h.send(path, nil)
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return 0, text
	}
	return h.send(path, map[string]string{"credential": response, "state": o.State})
}

// FuzzAttestation sends responses of authenticators to the page that adds passkeys: nothing but
// what signs the challenge of the page is stored, and nothing is a failure.
func FuzzAttestation(f *testing.F) {
	r, h := newHostile(f)
	h.send("/accounts/login/", map[string]string{"username": "ada", "password": canary})
	for _, k := range []*softkey.Key{{}, {Synced: true}, {NoUser: true}} {
		_, offered := h.send(addURL, nil)
		response, _, err := k.Create([]byte(offered), h.base)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(response)
	}
	for _, seed := range []string{"{}", "", "null", "[]"} {
		f.Add(seed)
	}
	user, err := r.Auth.UserByUsername(f.Context(), "ada")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, response string) {
		if status, text := h.try(addURL, response); status != 400 && status != 413 {
			t.Errorf("%q: %d %s", response, status, text)
		}
		if all, err := r.Accounts.Passkeys(t.Context(), user); err != nil || len(all) != 0 {
			t.Errorf("%q is stored: %v, %v", response, all, err)
		}
	})
}

// FuzzAssertion sends responses of authenticators to the login: nothing but what signs the
// challenge of the page signs in, and nothing is a failure.
func FuzzAssertion(f *testing.F) {
	r, h := newHostile(f)
	b := r.browser()
	b.login("ada")
	k := b.add("key")
	k.Origin = h.base
	for range 2 {
		_, offered := h.send(loginURL, nil)
		response, _, err := k.Get([]byte(offered))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(response)
		k.NoUser = true
	}
	for _, seed := range []string{"{}", "", "null", "[]", `{"id":"AA","rawId":"AA","type":"public-key","response":{}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, response string) {
		if status, text := h.try(loginURL, response); status != 401 && status != 400 && status != 413 {
			t.Errorf("%q: %d %s", response, status, text)
		}
		if status, text := h.send("/accounts/profile/", nil); status != 401 {
			t.Errorf("%q signs in: %d %s", response, status, text)
		}
	})
}
