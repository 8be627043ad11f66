package middleware_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/middleware"
)

// secured serves a view within Security and a Proxy that trusts this machine.
func secured(t testing.TB, c middleware.SecurityConfig, view http.HandlerFunc) *httptest.Server {
	t.Helper()
	security, err := middleware.Security(c)
	if err != nil {
		t.Fatal(err)
	}
	proxy, err := middleware.Proxy(middleware.ProxyConfig{Trusted: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	return start(t, false, middleware.Chain(proxy, security)(view))
}

// headersOf gets the page as a client of HTTPS or HTTP.
func headersOf(t testing.TB, server *httptest.Server, path, proto string) *http.Response {
	t.Helper()
	client := newClient(t)
	r := request(t, http.MethodGet, server.URL+path, "", "X-Forwarded-Proto", proto)
	r.Host = "a.example"
	response, _ := fetch(t, client, r)
	return response
}

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }

const (
	hstsHeader = "Strict-Transport-Security"
	openerName = "Cross-Origin-Opener-Policy"
)

func TestSecurityHeaders(t *testing.T) {
	all := middleware.SecurityConfig{HSTSSeconds: 31536000, HSTSIncludeSubdomains: true, HSTSPreload: true}
	for _, tt := range []struct {
		name   string
		config middleware.SecurityConfig
		proto  string
		want   map[string]string
	}{
		{"Django's defaults", middleware.SecurityConfig{}, "https", map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", openerName: "same-origin", "X-Frame-Options": "DENY", hstsHeader: "",
		}},
		{"HSTS", all, "https", map[string]string{hstsHeader: "max-age=31536000; includeSubDomains; preload"}},
		{"HSTS by http", all, "http", map[string]string{hstsHeader: ""}},
		{"HSTS alone", middleware.SecurityConfig{HSTSSeconds: 60}, "https", map[string]string{hstsHeader: "max-age=60"}},
		{
			"others",
			middleware.SecurityConfig{
				AllowSniffing: true, ReferrerPolicy: "no-referrer, strict-origin-when-cross-origin",
				CrossOriginOpenerPolicy: "same-origin-allow-popups", FrameOptions: "sameorigin",
			},
			"http",
			map[string]string{
				"X-Content-Type-Options": "", "Referrer-Policy": "no-referrer,strict-origin-when-cross-origin",
				openerName: "same-origin-allow-popups", "X-Frame-Options": "SAMEORIGIN",
			},
		},
		{
			"none",
			middleware.SecurityConfig{AllowSniffing: true, ReferrerPolicy: "omit", CrossOriginOpenerPolicy: "omit", FrameOptions: "omit"},
			"https",
			map[string]string{"X-Content-Type-Options": "", "Referrer-Policy": "", openerName: "", "X-Frame-Options": ""},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := headersOf(t, secured(t, tt.config, hello), "/", tt.proto).Header
			for name, want := range tt.want {
				if all := got.Values(name); strings.Join(all, "|") != want {
					t.Errorf("%s: %q, want %q", name, all, want)
				}
			}
		})
	}
}

// TestSecurityKeepsTheViews: what a view set is neither replaced nor doubled,
// also where the view is a proxy that passes on what Django set.
func TestSecurityKeepsTheViews(t *testing.T) {
	set := func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("X-Frame-Options", "SAMEORIGIN")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set(hstsHeader, "max-age=1")
		h.Set(openerName, "unsafe-none")
		w.WriteHeader(http.StatusTeapot)
	}
	config := middleware.SecurityConfig{HSTSSeconds: 60}
	upstream := start(t, false, http.HandlerFunc(set))
	target, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	for name, view := range map[string]http.HandlerFunc{"a view": set, "a proxy": httputil.NewSingleHostReverseProxy(target).ServeHTTP} {
		response := headersOf(t, secured(t, config, view), "/", "https")
		for header, want := range map[string]string{
			"X-Frame-Options": "SAMEORIGIN", "Referrer-Policy": "no-referrer", hstsHeader: "max-age=1", openerName: "unsafe-none", "X-Content-Type-Options": "nosniff",
		} {
			if got := response.Header.Values(header); response.StatusCode != http.StatusTeapot || len(got) != 1 || got[0] != want {
				t.Errorf("%s: %d, %s: %q, want %q", name, response.StatusCode, header, got, want)
			}
		}
	}
	framed := headersOf(t, secured(t, config, func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Frame-Options"] = nil
		hello(w, r)
	}), "/", "https")
	if got := framed.Header.Values("X-Frame-Options"); len(got) != 0 {
		t.Errorf("an exempt page has %q", got)
	}
	silent := headersOf(t, secured(t, config, func(http.ResponseWriter, *http.Request) {}), "/", "https")
	if got := silent.Header.Get("X-Frame-Options"); got != "DENY" {
		t.Errorf("a view that writes nothing: %q", got)
	}
}

func TestSSLRedirect(t *testing.T) {
	for _, tt := range []struct {
		config middleware.SecurityConfig
		path   string
		proto  string
		status int
		want   string
	}{
		{middleware.SecurityConfig{}, "/", "http", 200, ""},
		{middleware.SecurityConfig{SSLRedirect: true}, "/a%20b/?c=d%2F", "http", 301, "https://a.example/a%20b/?c=d%2F"},
		{middleware.SecurityConfig{SSLRedirect: true}, "//evil.example/x", "http", 301, "https://a.example/%2Fevil.example/x"},
		{middleware.SecurityConfig{SSLRedirect: true}, "/", "https", 200, ""},
		{middleware.SecurityConfig{SSLRedirect: true, SSLHost: "b.example:8443"}, "/x", "http", 301, "https://b.example:8443/x"},
		{middleware.SecurityConfig{SSLRedirect: true, SSLRedirectExempt: []string{"^healthz$"}}, "/healthz", "http", 200, ""},
		{middleware.SecurityConfig{SSLRedirect: true, SSLRedirectExempt: []string{"^healthz$"}}, "/healthz/", "http", 301, "https://a.example/healthz/"},
		{middleware.SecurityConfig{SSLRedirect: true, SSLRedirectExempt: []string{"^healthz$"}}, "/?healthz", "http", 301, "https://a.example/?healthz"},
	} {
		response := headersOf(t, secured(t, tt.config, hello), tt.path, tt.proto)
		if got := response.Header.Get("Location"); response.StatusCode != tt.status || got != tt.want {
			t.Errorf("%+v %s by %s: %d %q, want %d %q", tt.config, tt.path, tt.proto, response.StatusCode, got, tt.status, tt.want)
		}
		if got := response.Header.Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("%s: %q", tt.path, got)
		}
	}
	server := secured(t, middleware.SecurityConfig{SSLRedirect: true}, hello)
	for _, host := range []string{"a.example/x", "b@c", ""} {
		if status, body := raw(t, server, "GET / HTTP/1.1\r\nConnection: close\r\nHost: "+host+"\r\n\r\n"); status != 400 {
			t.Errorf("host %q: %d %s", host, status, body)
		}
	}
}

func TestSecurityRefusesMistakes(t *testing.T) {
	for _, c := range []middleware.SecurityConfig{
		{HSTSSeconds: -1},
		{SSLHost: "https://a.example"},
		{SSLRedirectExempt: []string{"("}},
		{ReferrerPolicy: "same-orign"},
		{ReferrerPolicy: "same-origin, omit"},
		{ReferrerPolicy: ","},
		{CrossOriginOpenerPolicy: "none"},
		{FrameOptions: "ALLOW-FROM https://a.example"},
		{FrameOptions: "DENY\r\nX: y"},
	} {
		if _, err := middleware.Security(c); err == nil || !strings.Contains(err.Error(), "SecurityConfig.") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
