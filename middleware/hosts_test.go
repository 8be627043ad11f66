package middleware_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/vectors"
	"github.com/coatcheck/coatcheck/middleware"
)

// raw sends the bytes of a request and returns the status and the body.
func raw(t testing.TB, server *httptest.Server, text string) (int, string) {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%v, after\n%s", err, text)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// hostServer responds with the host that it saw.
func hostServer(t testing.TB, log *logBuffer, allowed ...string) *httptest.Server {
	t.Helper()
	hosts, err := middleware.Hosts(middleware.HostsConfig{Allowed: allowed, Logger: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(hosts(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, middleware.Host(r))
	})))
	t.Cleanup(server.Close)
	return server
}

// TestHostVectors: the kinds get_host and split_domain_port of the topic
// redirects; TestForwardedVectors has the third. Hosts that can stand in a request
// go through a connection, too.
func TestHostVectors(t *testing.T) {
	servers := map[string]*httptest.Server{}
	var log logBuffer
	hosts, splits, overTCP := 0, 0, 0
	for _, v := range vectors.Load(t, "redirects") {
		switch v.Kind() {
		case "get_host":
			hosts++
			if checkHost(t, v, servers, &log) {
				overTCP++
			}
		case "split_domain_port":
			splits++
			var want struct{ Host, Domain, Port string }
			v.DecodeAll(t, &want)
			if domain, port := middleware.SplitHost(want.Host); domain != want.Domain || port != want.Port {
				t.Errorf("%v: %q and %q\n%s", v, domain, port, v.JSON)
			}
		}
	}
	t.Logf("agreed unless told otherwise: %d hosts, %d of them over a connection too, %d divided", hosts, overTCP, splits)
}

// checkHost reports whether it could be tried over a connection.
func checkHost(t *testing.T, v vectors.Record, servers map[string]*httptest.Server, log *logBuffer) bool {
	t.Helper()
	var want struct {
		Host    string
		Allowed []string `json:"allowed_hosts"`
		Debug   bool
		Result  string
		Error   *struct{ Msg string }
	}
	v.DecodeAll(t, &want)
	if want.Debug && len(want.Allowed) == 0 {
		want.Allowed = middleware.LocalHosts()
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Host = want.Host
	why := middleware.RefuseHost(r, want.Allowed)
	if (want.Error != nil) != (why != "") || why == "" && want.Result != want.Host {
		t.Errorf("%v: %q\n%s", v, why, v.JSON)
	}
	if want.Error != nil && strings.Contains(want.Error.Msg, "RFC 1034") != strings.Contains(why, "RFC 1034") {
		t.Errorf("%v: %q, want %q", v, why, want.Error.Msg)
	}
	if strings.ContainsAny(want.Host, "\r\n") {
		return false
	}
	key := fmt.Sprint(want.Allowed)
	if servers[key] == nil {
		servers[key] = hostServer(t, log, want.Allowed...)
	}
	status, body := raw(t, servers[key], "GET / HTTP/1.1\r\nConnection: close\r\nHost: "+want.Host+"\r\n\r\n")
	if want.Error == nil && (status != 200 || body != want.Host) || want.Error != nil && status != 400 {
		t.Errorf("%v over a connection: %d %q\n%s", v, status, body, v.JSON)
	}
	return true
}

// TestHostPoisoning: what has led reset emails astray elsewhere (CVE-2011-4139,
// CVE-2012-4520, CVE-2016-9014) is refused with 400.
func TestHostPoisoning(t *testing.T) {
	var log logBuffer
	server := hostServer(t, &log, "good.example", ".sub.example", "[::1]")
	for _, head := range []string{
		"GET / HTTP/1.1\r\nHost: evil.example",
		"GET / HTTP/1.1\r\nHost: good.example:80@evil.example",
		"GET / HTTP/1.1\r\nHost: good.example,evil.example",
		"GET / HTTP/1.1\r\nHost: evil.example/good.example",
		"GET / HTTP/1.1\r\nHost: good.example\r\nHost: evil.example",
		"GET / HTTP/1.1\r\nHost: good.example\r\nHost: good.example",
		"GET http://evil.example/ HTTP/1.1\r\nHost: good.example",
		"GET http://good.example/ HTTP/1.1\r\nHost: evil.example",
		"GET http://good.example/ HTTP/1.1\r\nHost: good.example",
		"CONNECT good.example:443 HTTP/1.1\r\nHost: good.example:443",
		"GET / HTTP/1.0",
		"GET / HTTP/1.1\r\nHost:",
		"GET / HTTP/1.1\r\nHost: good.example.evil.example",
		"GET / HTTP/1.1\r\nHost: evilsub.example",
		"GET / HTTP/1.1\r\nHost: good.example\x00",
		"GET / HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: good.example",
		"GET / HTTP/1.1\r\nHost: evil.example\r\nX-Original-Host: good.example\r\nForwarded: host=good.example",
		"GET / HTTP/1.1\r\nHost: " + strings.Repeat("a.", 4000) + "good.example",
	} {
		if status, body := raw(t, server, head+"\r\nConnection: close\r\n\r\n"); status != 400 || strings.Contains(body, "evil") {
			t.Errorf("%d %q\n%s", status, body, head)
		}
	}
	for _, head := range []string{
		"GET / HTTP/1.1\r\nHost: good.example\r\nX-Forwarded-Host: evil.example",
		"GET / HTTP/1.1\r\nHost: GOOD.example:8000",
		"GET / HTTP/1.1\r\nHost: good.example.",
		"GET / HTTP/1.1\r\nHost: a.b.sub.example",
		"GET / HTTP/1.1\r\nHost: sub.example",
		"GET / HTTP/1.1\r\nHost: [::1]:8000",
		"OPTIONS /x HTTP/1.1\r\nHost: good.example",
	} {
		if status, body := raw(t, server, head+"\r\nConnection: close\r\n\r\n"); status != 200 {
			t.Errorf("%d %q\n%s", status, body, head)
		}
	}
}

// TestHostLog: Django's words, on one line, with the setting, which is no concern of visitors.
func TestHostLog(t *testing.T) {
	var log logBuffer
	server := hostServer(t, &log, "good.example")
	_, body := raw(t, server, "GET / HTTP/1.1\r\nHost: evil.example:80\r\nConnection: close\r\n\r\n")
	if !strings.Contains(body, "check the address") || strings.Contains(strings.ToLower(body), "hosts") {
		t.Errorf("the response says %s", body)
	}
	if got := log.take(); !strings.Contains(got, `Invalid HTTP_HOST header: \"evil.example:80\". You may need to add \"evil.example\" to ALLOWED_HOSTS.`) {
		t.Errorf("the log says %s", got)
	}
	raw(t, server, "GET / HTTP/1.1\r\nHost: a_b.example\r\nConnection: close\r\n\r\n")
	if got := log.take(); !strings.Contains(got, "is not valid according to RFC 1034/1035.") || strings.Count(got, "\n") != 1 {
		t.Errorf("the log says %s", got)
	}
}

func TestHostsRefusesMistakes(t *testing.T) {
	for _, pattern := range []string{"", ".", "..a", "https://a.example", "a.example:8000", "a.example/", "*.a.example", "a b", "::1", "a_b"} {
		if _, err := middleware.Hosts(middleware.HostsConfig{Allowed: []string{pattern}}); err == nil || !strings.Contains(err.Error(), "HostsConfig.Allowed") {
			t.Errorf("%q: %v", pattern, err)
		}
	}
}

// TestLogText: one line, whatever a client sends (CVE-2025-48432).
func TestLogText(t *testing.T) {
	for text, want := range map[string]string{
		"/a/ü":                      `/a/\u00fc`,
		"/a\r\n\x1b[31m\u202eb\x00": `/a\r\n\x1b[31m\u202eb\x00`,
		`/"'\`:                      `/"'\\`,
		"/\xff":                     `/\xff`,
	} {
		if got := middleware.LogText(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	if got := middleware.LogText(strings.Repeat("ü", 1<<20)); len(got) > 4000 {
		t.Errorf("%d bytes", len(got))
	}
}

// FuzzHost: a host that is taken is made of nothing that could leave its place
// in a URL, and what it is taken for stays the same when it is read again.
func FuzzHost(f *testing.F) {
	for _, host := range []string{"example.com", "EXAMPLE.com.:80", "[::1]:8000", "a@b", "[::1", "a:b:1", "K.com", "."} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		domain, port := middleware.SplitHost(host)
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		if any := middleware.RefuseHost(r, []string{"*"}) == ""; any != (domain != "") {
			t.Fatalf("%q: the domain is %q, allowed for everybody is %v", host, domain, any)
		}
		if middleware.RefuseHost(r, nil) == "" {
			t.Fatalf("%q is allowed by nobody", host)
		}
		if domain == "" {
			if port != "" {
				t.Fatalf("%q: port %q without a domain", host, port)
			}
			return
		}
		if strings.ContainsAny(host, "/?#@\\ \t\r\n%\"'<>,;") || strings.ToLower(domain) != domain || strings.Trim(port, "0123456789") != "" {
			t.Fatalf("%q: %q and %q", host, domain, port)
		}
		again := domain
		if port != "" {
			again += ":" + port
		}
		if d, p := middleware.SplitHost(again); p != port || d != strings.TrimSuffix(domain, ".") {
			t.Fatalf("%q: %q and %q, then %q and %q", host, domain, port, d, p)
		}
	})
}
