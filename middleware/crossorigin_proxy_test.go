package middleware_test

import (
	"net/http"
	"testing"

	"github.com/coatcheck/coatcheck/middleware"
)

// TestCrossOriginDomains: a trusted domain with all below it, and no other.
func TestCrossOriginDomains(t *testing.T) {
	guard, err := middleware.CrossOrigin("https://*.wild.example", "https://one.example")
	if err != nil {
		t.Fatal(err)
	}
	server := start(t, false, guard(http.HandlerFunc(hello)))
	for origin, good := range map[string]bool{
		"https://a.wild.example": true, "https://wild.example": true, "https://one.example": true,
		"http://a.wild.example": false, "https://awild.example": false, "https://a.wild.example.evil.example": false, "null": false,
	} {
		r := request(t, "POST", server.URL, "", "Origin", origin, "Sec-Fetch-Site", "cross-site")
		if response, _ := fetch(t, newClient(t), r); (response.StatusCode == 200) != good {
			t.Errorf("%s: %d", origin, response.StatusCode)
		}
	}
}

// TestCrossOriginBehindProxy: a browser without Sec-Fetch-Site is told by the
// host, which is the one that a trusted proxy names.
func TestCrossOriginBehindProxy(t *testing.T) {
	guard, err := middleware.CrossOrigin()
	if err != nil {
		t.Fatal(err)
	}
	for _, trusted := range []bool{false, true} {
		c := middleware.ProxyConfig{ForwardedHost: true}
		if trusted {
			c.Trusted = []string{"127.0.0.1"}
		}
		proxy, err := middleware.Proxy(c)
		if err != nil {
			t.Fatal(err)
		}
		server := start(t, false, proxy(guard(http.HandlerFunc(hello))))
		r := request(t, "POST", server.URL, "", "Origin", "https://a.example", "X-Forwarded-Host", "a.example")
		if response, _ := fetch(t, newClient(t), r); (response.StatusCode == 200) != trusted {
			t.Errorf("trusted %v: %d", trusted, response.StatusCode)
		}
	}
}
