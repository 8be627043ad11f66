package middleware_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/middleware"
)

// TestCrossOrigin: who may send a form, by the headers that browsers send and
// pages cannot forge.
func TestCrossOrigin(t *testing.T) {
	guard, err := middleware.CrossOrigin("https://trusted.example", "https://other.example:8443")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })))
	defer server.Close()
	self := server.URL
	client := newClient(t)
	for _, tt := range []struct {
		site, origin string
		passes       bool
	}{
		{"", "", true}, // no browser
		{"same-origin", self, true},
		{"same-origin", "", true},
		{"none", "", true}, // typed into the address bar
		{"same-site", "http://sub.example", false},
		{"cross-site", "https://evil.example", false},
		{"cross-site", "", false},
		{"cross-site", "null", false},
		{"nonsense", "", false},
		{"", self, true}, // a browser from before 2023
		{"", "https://evil.example", false},
		{"", "null", false},
		{"", self + ".evil.example", false},
		{"", "https://trusted.example", true},
		{"cross-site", "https://trusted.example", true},
		{"same-site", "https://trusted.example", true},
		{"cross-site", "http://trusted.example", false},
		{"cross-site", "https://trusted.example:444", false},
		{"cross-site", "https://TRUSTED.example", false},
		{"cross-site", "https://trusted.example.evil.example", false},
		{"cross-site", "https://other.example:8443", true},
		{"cross-site", "https://other.example", false},
	} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "BREW"} {
			r := request(t, method, server.URL, "a=1")
			if tt.site != "" {
				r.Header.Set("Sec-Fetch-Site", tt.site)
			}
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			response, body := fetch(t, client, r)
			want := http.StatusForbidden
			if tt.passes {
				want = http.StatusNoContent
			}
			if response.StatusCode != want {
				t.Errorf("%s, site %q, origin %q: %d", method, tt.site, tt.origin, response.StatusCode)
			}
			if !tt.passes && (!strings.Contains(body, "another site") || strings.Contains(body, "evil")) {
				t.Errorf("%s, site %q, origin %q: %q", method, tt.site, tt.origin, body)
			}
		}
		for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
			r := request(t, method, server.URL, "", "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
			if response, _ := fetch(t, client, r); response.StatusCode != http.StatusNoContent {
				t.Errorf("%s: %d", method, response.StatusCode)
			}
		}
	}
}

// TestCrossOriginIsNoProof: no header that a page or proxy may set makes up for a
// foreign origin.
func TestCrossOriginIsNoProof(t *testing.T) {
	guard, err := middleware.CrossOrigin()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	defer server.Close()
	for _, header := range [][2]string{ // CVE-2011-0696 and its like
		{"X-Requested-With", "XMLHttpRequest"}, {"Referer", server.URL + "/"}, {"X-Forwarded-Host", "evil.example"}, {"X-CSRFToken", "x"},
	} {
		r := request(t, http.MethodPost, server.URL, "", "Origin", "https://evil.example", header[0], header[1])
		if response, _ := fetch(t, newClient(t), r); response.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", header[0], response.StatusCode)
		}
	}
}

func TestCrossOriginConfig(t *testing.T) {
	for _, origin := range []string{"", "example.com", "https://example.com/", "https://example.com/path", "https://", "https://example.com?x", "*"} {
		if _, err := middleware.CrossOrigin(origin); err == nil || !strings.HasPrefix(err.Error(), "middleware: trusted origin: ") {
			t.Errorf("%q: %v", origin, err)
		}
	}
}
