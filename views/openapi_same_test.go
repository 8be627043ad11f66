package views_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
)

// TestOpenAPIIndistinguishable: what the document calls indistinguishable on purpose
// gets the same response, to the byte.
func TestOpenAPIIndistinguishable(t *testing.T) {
	c := readContract(t)
	open := openStage(t, func(*coatcheck.Config) {})
	confirmed := openStage(t, func(c *coatcheck.Config) { c.Views.SignupVerification = true })
	ada, gone := open.user(t, "ada"), open.user(t, "gone")
	confirmed.user(t, "ada")
	gone.IsActive = false
	if err := open.db.UpdateUser(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	own, _ := open.member(t)
	other := scenes["POST /accounts/sessions/end/"](t, open)
	link := forgotten(t, open)
	cut := strings.LastIndexByte(strings.TrimSuffix(link.path, "/"), '/')
	login := func(name, password string) scene {
		return scene{open.program(t), "/accounts/login/", object{"username": name, "password": password}}
	}
	claims := map[string][]scene{
		"POST /accounts/login/": {login("nobody", canary), login(ada.Username, "wrong"), login(gone.Username, canary)},
		"POST /accounts/password_reset/": {
			{open.program(t), "/accounts/password_reset/", object{"email": ada.Email}},
			{open.program(t), "/accounts/password_reset/", object{"email": gone.Email}},
			{open.program(t), "/accounts/password_reset/", object{"email": address("nobody")}},
		},
		"POST /accounts/signup/": {
			{confirmed.program(t), "/accounts/signup/", object{"username": "one", "email": address("ada"), "password": canary}},
			{confirmed.program(t), "/accounts/signup/", object{"username": "two", "email": address("nobody"), "password": canary}},
		},
		"POST /accounts/sessions/end/": {{own, other.path, other.body}, {own, other.path, object{"id": "none"}}},
		"POST /accounts/email/": {
			{own, "/accounts/email/", object{"email": ada.Email, "password": canary}},
			{own, "/accounts/email/", object{"email": address("nobody"), "password": canary}},
		},
		"POST /accounts/reset/{uidb64}/{token}/": {
			{own, link.path[:cut] + "/aaaaaa-0123456789abcdef0123456789abcdef/", link.body},
			{own, "/accounts/reset/OTk5OTk5" + link.path[cut:], link.body},
			{own, "/accounts/reset/-/-/", link.body},
		},
	}
	for op, operation := range c.ops {
		text, _ := operation["description"].(string)
		if says := strings.Contains(strings.ToLower(text), "indistinguishable on purpose"); says != (claims[op] != nil) {
			t.Errorf("%s: the document claims it: %v; the test tries it: %v", op, says, claims[op] != nil)
		}
		first := ""
		for _, x := range claims[op] {
			a := c.send(op, x, x.as(jsonType))
			a.Header.Del("Date")
			a.Header.Del("Expires")
			got := a.Status + a.text + headerText(a.Header)
			if first == "" {
				first = got
			}
			if got != first {
				t.Errorf("%s: %s\nis not %s", op, got, first)
			}
		}
	}
}

func headerText(h http.Header) string {
	var b strings.Builder
	_ = h.Write(&b) // a Builder takes everything
	return b.String()
}

// TestOpenAPIServed: the document is at its address, for everybody, and is asked for
// again only where it changed.
func TestOpenAPIServed(t *testing.T) {
	s := newSite(t)
	a := s.program(t).get("/accounts/openapi.json")
	if a.StatusCode != http.StatusOK || a.Header.Get("Content-Type") != jsonType || a.text == "" || a.Header.Get("Vary") != "" {
		t.Errorf("%s %v", a.Status, a.Header)
	}
	for _, tt := range []struct {
		method string
		change func(*http.Request)
		status int
	}{
		{http.MethodGet, withHeader("If-None-Match", a.Header.Get("ETag")), http.StatusNotModified},
		{http.MethodGet, withHeader("If-None-Match", `"other"`), http.StatusOK},
		{http.MethodGet, withHeader("Accept", browser), http.StatusOK},
		{http.MethodHead, withHeader("Accept", jsonType), http.StatusOK},
		{http.MethodPost, withHeader("Accept", jsonType), http.StatusMethodNotAllowed},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tt.method, s.URL+"/accounts/openapi.json", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		tt.change(r)
		if got := s.program(t).send(r); got.StatusCode != tt.status || tt.status == http.StatusOK && tt.method == http.MethodGet && got.text != a.text {
			t.Errorf("%s %v: %s", tt.method, r.Header, got.Status)
		}
	}
}

// TestOpenAPIElsewhere checks what the document says of all addresses.
func TestOpenAPIElsewhere(t *testing.T) {
	p := newSite(t).program(t)
	if a := p.do("DELETE", "/accounts/login/", "", ""); a.StatusCode != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "GET, HEAD, POST, OPTIONS" {
		t.Errorf("DELETE: %s %v", a.Status, a.Header)
	}
	if a := p.do("OPTIONS", "/accounts/login/", "", ""); a.StatusCode != http.StatusNoContent || a.Header.Get("Allow") == "" {
		t.Errorf("OPTIONS: %s %v", a.Status, a.Header)
	}
	if a := p.form("/accounts/login"); a.StatusCode != http.StatusPermanentRedirect || a.Header.Get("Location") != "/accounts/login/" {
		t.Errorf("no slash: %s %v", a.Status, a.Header)
	}
	p.get("/accounts/none/").wantJSON(t, http.StatusNotFound, `{"error":"There is nothing at this address."}`)
}
