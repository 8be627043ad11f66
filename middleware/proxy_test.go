package middleware_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/internal/vectors"
	"github.com/coatcheck/coatcheck/middleware"
)

// seen is what the view finds out about a request.
type seen struct {
	Host, Client, Port string
	Secure             bool
}

func look(w http.ResponseWriter, r *http.Request) {
	_ = json.NewEncoder(w).Encode(seen{
		middleware.Host(r), middleware.ClientIP(r).String(), requestinfo.Port(r), middleware.IsSecure(r),
	})
}

func proxied(t testing.TB, c middleware.ProxyConfig) http.Handler {
	t.Helper()
	proxy, err := middleware.Proxy(c)
	if err != nil {
		t.Fatal(err)
	}
	return proxy(http.HandlerFunc(look))
}

// ask sends a request with headers, "Name: value" each.
func ask(t testing.TB, client *http.Client, base, host string, headers ...string) (int, seen) {
	t.Helper()
	r := request(t, http.MethodGet, base+"/p?q", "")
	r.Host = host
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header[name] = append(r.Header[name], value) // spelled so on the wire
	}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var got seen
	if response.StatusCode == http.StatusOK {
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	return response.StatusCode, got
}

func start(t testing.TB, secure bool, h http.Handler) *httptest.Server {
	server := httptest.NewUnstartedServer(h)
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server
}

// TestForwardedVectors: the kind forwarded of the topic redirects. Django trusts
// every peer once a setting names a header, so here the peer is a trusted one.
func TestForwardedVectors(t *testing.T) {
	agreed, notApplying := 0, 0
	for _, v := range vectors.Load(t, "redirects") {
		if v.Kind() != "forwarded" {
			continue
		}
		var want struct {
			Meta     map[string]string
			Settings struct {
				Host bool     `json:"USE_X_FORWARDED_HOST"`
				Port bool     `json:"USE_X_FORWARDED_PORT"`
				SSL  []string `json:"SECURE_PROXY_SSL_HEADER"`
			}
			Host, Port, Absolute string
			Secure               bool
			Error                *struct{}
		}
		v.DecodeAll(t, &want)
		if proto := want.Meta["HTTP_X_FORWARDED_PROTO"]; strings.HasPrefix(v.Django(), "3.2.") && strings.HasPrefix(proto, "https,") {
			notApplying++
			t.Logf("%v does not apply: Django 3.2 compared the whole header; later ones take the first of several, as here", v)
			continue
		}
		c := middleware.ProxyConfig{
			Trusted: []string{"127.0.0.1", "::1"}, SSLHeader: "none", ForwardedHost: want.Settings.Host, ForwardedPort: want.Settings.Port,
		}
		if len(want.Settings.SSL) == 2 {
			c.SSLHeader, c.SSLValue = want.Settings.SSL[0], want.Settings.SSL[1]
		}
		var headers []string
		for name, value := range want.Meta {
			headers = append(headers, http.CanonicalHeaderKey(strings.ReplaceAll(strings.TrimPrefix(name, "HTTP_"), "_", "-"))+": "+value)
		}
		server := start(t, false, proxied(t, c))
		status, got := ask(t, server.Client(), server.URL, "orig.com", headers...)
		scheme := map[bool]string{true: "https", false: "http"}[got.Secure]
		switch {
		case want.Error != nil:
			if status != http.StatusBadRequest {
				t.Errorf("%v: %d %+v\n%s", v, status, got, v.JSON)
			}
		case status != 200 || got.Host != want.Host || got.Secure != want.Secure || scheme+"://"+got.Host+"/p?q" != want.Absolute ||
			got.Port != "" && got.Port != want.Port || got.Port == "" && want.Port != "80":
			t.Errorf("%v: %d %+v\n%s", v, status, got, v.JSON)
		}
		agreed++
	}
	t.Logf("%d agreed unless told otherwise, %d do not apply", agreed, notApplying)
}

// TestTrustMatrix: the scheme counts where a trusted peer tells it, and nowhere
// else (CVE-2019-12781).
func TestTrustMatrix(t *testing.T) {
	rows := 0
	for _, trusted := range []bool{false, true} {
		for _, secure := range []bool{false, true} {
			c := middleware.ProxyConfig{Trusted: []string{"192.0.2.0/24"}}
			if trusted {
				c.Trusted = append(c.Trusted, "127.0.0.0/8")
			}
			server := start(t, secure, proxied(t, c))
			for _, tt := range []struct {
				headers string
				told    bool // the header says something
				https   bool
			}{
				{"", false, false},
				{"X-Forwarded-Proto: https", true, true},
				{"X-Forwarded-Proto: http", true, false},
				{"X-Forwarded-Proto: HTTPS", true, false},
				{"X-Forwarded-Proto: https, http", true, true},
				{"X-Forwarded-Proto: http, https", true, false},
				{"X-Forwarded-Proto: https\nX-Forwarded-Proto: https", true, false},
				{"X-Forwarded-Proto: ", true, false},
				{"X_Forwarded_Proto: https", false, false},
				{"X-Forwarded_Proto: https", false, false},
				{"X-Forwarded-Ssl: on", false, false},
				{"Forwarded: proto=https", false, false},
				{"Front-End-Https: on", false, false},
			} {
				rows++
				var headers []string
				if tt.headers != "" {
					headers = strings.Split(tt.headers, "\n")
				}
				want := secure
				if trusted && tt.told {
					want = tt.https
				}
				if status, got := ask(t, server.Client(), server.URL, "a.example", headers...); status != 200 || got.Secure != want || got.Host != "a.example" {
					t.Errorf("trusted %v, TLS %v, %q: %d %+v", trusted, secure, tt.headers, status, got)
				}
			}
		}
	}
	t.Logf("%d rows", rows)
}

// TestForwardedHost: only from a trusted peer, only where it is wanted, and only
// a host.
func TestForwardedHost(t *testing.T) {
	for _, tt := range []struct {
		trusted, wanted bool
		headers, want   string // empty: 400
	}{
		{false, true, "X-Forwarded-Host: b.example", "a.example"},
		{true, false, "X-Forwarded-Host: b.example", "a.example"},
		{true, true, "X-Forwarded-Host: b.example:8443", "b.example:8443"},
		{true, true, "X_Forwarded_Host: b.example", "a.example"},
		{true, true, "X-Forwarded-Host: b.example, c.example", ""},
		{true, true, "X-Forwarded-Host: b.example\nX-Forwarded-Host: b.example", ""},
		{true, true, "X-Forwarded-Host: b.example/x", ""},
		{true, true, "X-Forwarded-Host: b.example@c.example", ""},
		{true, true, "X-Forwarded-Host: ", ""},
	} {
		c := middleware.ProxyConfig{ForwardedHost: tt.wanted}
		if tt.trusted {
			c.Trusted = []string{"127.0.0.1"}
		}
		server := start(t, false, proxied(t, c))
		status, got := ask(t, server.Client(), server.URL, "a.example", strings.Split(tt.headers, "\n")...)
		if want := map[bool]int{true: 400, false: 200}[tt.want == ""]; status != want || got.Host != tt.want {
			t.Errorf("%+v: %d %+v", tt, status, got)
		}
	}
}

// clientOf is the address that is taken for the client's, for a peer.
func clientOf(t testing.TB, h http.Handler, peer string, lines ...string) string {
	t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = peer
	r.Header["X-Forwarded-For"] = lines
	response := httptest.NewRecorder()
	h.ServeHTTP(response, r)
	var got seen
	if err := json.Unmarshal(response.Body.Bytes(), &got); err != nil {
		t.Fatalf("%d %s", response.Code, response.Body)
	}
	return got.Client
}

func TestClientIP(t *testing.T) {
	nobody := proxied(t, middleware.ProxyConfig{})
	some := proxied(t, middleware.ProxyConfig{Trusted: []string{"10.0.0.0/8", "::ffff:192.0.2.7", "2001:db8::/32", "fe80::/10"}})
	for _, tt := range []struct {
		name  string
		peer  string
		lines []string
		want  string
	}{
		{"no header", "10.0.0.1:99", nil, "10.0.0.1"},
		{"one hop", "10.0.0.1:99", []string{"203.0.113.5"}, "203.0.113.5"},
		{"what a client made up stands to the left", "10.0.0.1:99", []string{"1.1.1.1, 203.0.113.5"}, "203.0.113.5"},
		{"two trusted hops", "10.0.0.1:99", []string{"1.1.1.1, 203.0.113.5, 10.9.9.9"}, "203.0.113.5"},
		{"an untrusted hop ends it", "10.0.0.1:99", []string{"203.0.113.5, 198.51.100.1, 10.9.9.9"}, "198.51.100.1"},
		{"several lines are one list", "10.0.0.1:99", []string{"1.1.1.1", "203.0.113.5", "10.9.9.9"}, "203.0.113.5"},
		{"all trusted", "10.0.0.1:99", []string{"10.1.1.1, 10.2.2.2"}, "10.1.1.1"},
		{"no address", "10.0.0.1:99", []string{"203.0.113.5, unknown"}, "10.0.0.1"},
		{"no address behind a hop", "10.0.0.1:99", []string{"nonsense, 10.9.9.9"}, "10.9.9.9"},
		{"empty", "10.0.0.1:99", []string{""}, "10.0.0.1"},
		{"a comma too many", "10.0.0.1:99", []string{"203.0.113.5,"}, "10.0.0.1"},
		{"with ports", "10.0.0.1:99", []string{"203.0.113.5:4711, [2001:db8::1]:443"}, "203.0.113.5"},
		{"in brackets", "10.0.0.1:99", []string{"[2001:db9::1]"}, "2001:db9::1"},
		{"IPv4 as IPv6, the peer", "[::ffff:10.0.0.1]:99", []string{"203.0.113.5"}, "203.0.113.5"},
		{"IPv4 as IPv6, a hop", "10.0.0.1:99", []string{"203.0.113.5, ::ffff:10.9.9.9"}, "203.0.113.5"},
		{"IPv4 as IPv6, the client", "10.0.0.1:99", []string{"::ffff:203.0.113.5"}, "203.0.113.5"},
		{"IPv4 as IPv6, in the list", "192.0.2.7:99", []string{"203.0.113.5"}, "203.0.113.5"},
		{"a zone", "[fe80::1%eth0]:99", []string{"203.0.113.5, fe80::2%eth1"}, "203.0.113.5"},
		{"leading zeros are no address", "10.0.0.1:99", []string{"010.9.9.9"}, "10.0.0.1"},
		{"an untrusted peer", "198.51.100.9:99", []string{"203.0.113.5"}, "198.51.100.9"},
		{"one beside the network", "192.0.2.8:99", []string{"203.0.113.5"}, "192.0.2.8"},
	} {
		if got := clientOf(t, some, tt.peer, tt.lines...); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		peer := netip.MustParseAddrPort(tt.peer).Addr().Unmap().WithZone("").String()
		if got := clientOf(t, nobody, tt.peer, tt.lines...); got != peer {
			t.Errorf("%s, nobody trusted: %s, want %s", tt.name, got, peer)
		}
	}
	long := strings.Repeat("10.9.9.9, ", 100_000) + "10.9.9.9"
	if got := clientOf(t, some, "10.0.0.1:99", long); got != "10.9.9.9" {
		t.Errorf("a long list: %s", got)
	}
}

// TestUnixSocket: anyone who comes by the socket is trusted where the list says so.
func TestUnixSocket(t *testing.T) {
	for _, trusted := range []bool{false, true} {
		var c middleware.ProxyConfig
		if trusted {
			c.Trusted = []string{"unix"}
		}
		path := filepath.Join(t.TempDir(), "s")
		listener, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: proxied(t, c)}
		go server.Serve(listener) //nolint:errcheck // it ends with Close
		defer server.Close()
		transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		}}
		defer transport.CloseIdleConnections()
		_, got := ask(t, &http.Client{Transport: transport}, "http://unix", "a.example", "X-Forwarded-For: 203.0.113.5", "X-Forwarded-Proto: https")
		want := seen{Host: "a.example", Client: "invalid IP"}
		if trusted {
			want.Client, want.Secure = "203.0.113.5", true
		}
		if got != want {
			t.Errorf("trusted %v: %+v, want %+v", trusted, got, want)
		}
	}
}

// TestWithoutProxy: the connection tells.
func TestWithoutProxy(t *testing.T) {
	server := start(t, true, http.HandlerFunc(look))
	_, got := ask(t, server.Client(), server.URL, "a.example", "X-Forwarded-For: 203.0.113.5", "X-Forwarded-Proto: http", "X-Forwarded-Host: b.example")
	if want := (seen{Host: "a.example", Client: "127.0.0.1", Secure: true}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestProxyRefusesMistakes(t *testing.T) {
	for _, c := range []middleware.ProxyConfig{
		{Trusted: []string{""}},
		{Trusted: []string{"localhost"}},
		{Trusted: []string{"10.0.0.0/33"}},
		{Trusted: []string{"*"}},
		{Trusted: []string{"fe80::1%eth0"}},
		{SSLHeader: "X_Forwarded_Proto"},
		{SSLHeader: "X-Forwarded-Proto: https"},
	} {
		if _, err := middleware.Proxy(c); err == nil || !strings.Contains(err.Error(), "ProxyConfig.") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for _, c := range []middleware.ProxyConfig{{}, {SSLHeader: "HTTP_X_FORWARDED_PROTO"}, {Trusted: []string{"0.0.0.0/0", "::/0", "10.1.2.3/8", "unix"}}} {
		if _, err := middleware.Proxy(c); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// FuzzForwarded: whatever the headers say, nothing panics; an untrusted peer
// changes nothing; and the client is one of those in the list or the peer.
func FuzzForwarded(f *testing.F) {
	f.Add("203.0.113.5, 10.0.0.2", "https", "b.example")
	f.Add("[::1]:1, ::ffff:10.0.0.9%x", "https,http", "b.example,")
	f.Add(",,unknown,\x00", "", "[::1")
	nobody := proxied(f, middleware.ProxyConfig{ForwardedHost: true, ForwardedPort: true})
	some := proxied(f, middleware.ProxyConfig{Trusted: []string{"10.0.0.0/8"}, ForwardedHost: true, ForwardedPort: true})
	f.Fuzz(func(t *testing.T, list, proto, host string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr, r.Host, r.TLS = "10.0.0.1:9", "a.example", nil
		r.Header = http.Header{"X-Forwarded-For": {list}, "X-Forwarded-Proto": {proto}, "X-Forwarded-Host": {host}, "X-Forwarded-Port": {proto}}
		try := func(h http.Handler) (int, seen) {
			response := httptest.NewRecorder()
			h.ServeHTTP(response, r)
			var got seen
			_ = json.Unmarshal(response.Body.Bytes(), &got)
			return response.Code, got
		}
		if status, got := try(nobody); status != 200 || got != (seen{Host: "a.example", Client: "10.0.0.1"}) {
			t.Fatalf("nobody trusted: %d %+v", status, got)
		}
		status, got := try(some)
		domain, _ := middleware.SplitHost(host)
		if (status == 200) != (domain != "") {
			t.Fatalf("forwarded host %q: %d", host, status)
		}
		if status != 200 {
			return
		}
		if _, err := netip.ParseAddr(got.Client); err != nil || got.Secure && !strings.HasPrefix(strings.TrimSpace(proto), "https") {
			t.Fatalf("%q %q: %+v", list, proto, got)
		}
		if got.Client != "10.0.0.1" && !strings.Contains(list, ".") && !strings.Contains(list, ":") {
			t.Fatalf("%q: the client is %s", list, got.Client)
		}
	})
}
