package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// block is a block of a page of the documentation, by its language and its number, for a
// server at that URL.
func block(t *testing.T, page, language string, n int, url string) string {
	t.Helper()
	code, server := written(t, page, language, n), strings.TrimPrefix(url, "http://")
	if !strings.Contains(code, "127.0.0.1:8000") {
		t.Fatalf("the block names no server: %s", code)
	}
	return strings.ReplaceAll(code, "127.0.0.1:8000", server)
}

// written is such a block as it is.
func written(t *testing.T, page, language string, n int) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/" + page)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), "```"+language+"\n")
	if len(parts) <= n {
		t.Fatalf("%s has no block %d of %s", page, n, language)
	}
	code, _, _ := strings.Cut(parts[n], "```")
	return code
}

func nginxConfig(locations string) func(dir, address string) string {
	return func(dir, address string) string {
		user := ""
		if os.Getuid() == 0 {
			user = "user root;\n"
		}
		return user + fmt.Sprintf("daemon off;\nworker_processes 1;\npid %[1]s/pid;\nevents {}\nhttp {\naccess_log off;\n"+
			"client_body_temp_path %[1]s/body;\nproxy_temp_path %[1]s/proxy;\nfastcgi_temp_path %[1]s/fastcgi;\nuwsgi_temp_path %[1]s/uwsgi;\n"+
			"scgi_temp_path %[1]s/scgi;\nserver {\nlisten %[2]s;\n%[3]s}\n}\n", dir, address, locations)
	}
}

func apacheConfig(directives string) func(dir, address string) string {
	return func(dir, address string) string {
		var b strings.Builder
		for _, name := range []string{
			"mpm_event", "authn_core", "authz_core", "authn_file", "authz_user", "auth_basic", "headers", "proxy", "proxy_http",
		} {
			fmt.Fprintf(&b, "LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so\n", name, name)
		}
		fmt.Fprintf(&b, "Listen %s\nPidFile %s/pid\nServerName www.example.com\nErrorLog %s/error.log\n%s", address, dir, dir, directives)
		return b.String()
	}
}

func haproxyConfig(sections string) func(dir, address string) string {
	return func(_, address string) string {
		const bind = "bind :443 ssl crt /etc/haproxy/www.example.com.pem"
		return "defaults\n    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n" +
			strings.ReplaceAll(sections, bind, "bind "+address)
	}
}

func caddyConfig(sites string) func(dir, address string) string {
	return func(dir, address string) string {
		_, port, _ := net.SplitHostPort(address)
		return "{\nadmin off\nauto_https off\nstorage file_system " + dir + "\n}\n" +
			strings.Replace(sites, "www.example.com {", ":"+port+" {", 1)
	}
}

// TestProxies runs the configurations of docs/proxies.md on the real servers: behind each
// the client's address and the scheme are those that the proxy sees, whatever the client
// says, and nothing is amiss.
func TestProxies(t *testing.T) {
	for kind, c := range map[string]struct {
		language string
		config   func(string) func(dir, address string) string
	}{
		"nginx": {"nginx", nginxConfig}, "Apache": {"apache", apacheConfig}, "HAProxy": {"haproxy", haproxyConfig}, "Caddy": {"caddy", caddyConfig},
	} {
		t.Run(kind, func(t *testing.T) {
			p := start(t, t.TempDir(), nil, "--trusted-proxy", "127.0.0.1", "--allowed-host", "www.example.com", "--secure-ssl-redirect",
				"--secure-redirect-exempt", "^accounts/", "--email-backend", "none")
			front := testenv.WebServer(t, kind, c.config(block(t, "proxies.md", c.language, 1, p.url)))
			v := p.visitorFrom("127.0.0.9", front)
			host := []string{"Host", "www.example.com", "X-Forwarded-For", "192.0.2.1", "X-Forwarded-Proto", "https"}
			wait(t, "the proxy has found the server", func() bool { return v.get("/healthz", host...).status == http.StatusOK })
			if got := v.get("/", host...); got.header.Get("Location") != "https://www.example.com/" {
				t.Errorf("a request by HTTP that says it is HTTPS: %d %v", got.status, got.header)
			}
			v.post("/accounts/signup/", credentials("alice", "correct horse"), host...)
			if got := v.post("/accounts/login/", credentials("alice", "correct horse"), host...); got.status != http.StatusOK {
				t.Errorf("the login: %d %s", got.status, got.body)
			}
			if got := v.get("/accounts/sessions/", host...); !strings.Contains(got.body, `"ip":"127.0.0.9"`) {
				t.Errorf("the sessions: %d %s", got.status, got.body)
			}
			p.stop()
			if strings.Contains(p.err.String(), "level=WARN") {
				t.Errorf("the log: %s", &p.err)
			}
		})
	}
}

// visitorFrom is a visitor with an address of the loopback, who comes by a proxy.
func (p *process) visitorFrom(address, proxy string) *visitor {
	v := p.visitor()
	v.base = "http://" + proxy
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	v.http.Transport = &http.Transport{DisableKeepAlives: true, DialContext: dialer.DialContext}
	return v
}

// TestHealthOfAnyHost: load balancers ask by address, by another host or by none.
func TestHealthOfAnyHost(t *testing.T) {
	p := start(t, t.TempDir(), nil, "--allowed-host", "www.example.com", "--secure-ssl-redirect")
	bare := "frontend www\n    mode http\n    bind :443 ssl crt /etc/haproxy/www.example.com.pem\n    default_backend coatcheck\n" +
		"backend coatcheck\n    mode http\n    option httpchk\n    server one " + strings.TrimPrefix(p.url, "http://") + " check inter 100ms fall 1\n"
	front := testenv.WebServer(t, "HAProxy", haproxyConfig(bare))
	v := p.visitorFrom("127.0.0.1", front)
	for end := time.Now().Add(400 * time.Millisecond); time.Now().Before(end); { // HAProxy asks each 100
		if got := v.get("/accounts/login/", "Host", "www.example.com"); got.status != http.StatusMovedPermanently {
			t.Fatalf("a visitor gets %d", got.status)
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
		for _, path := range []string{"/healthz", "/readyz"} {
			if got := p.visitor().do(method, path, nil, "Host", "10.0.0.8:8000"); got.status != http.StatusOK {
				t.Errorf("%s %s: %d", method, path, got.status)
			}
		}
	}
	if got := p.visitor().do(http.MethodOptions, "/", nil, "Host", "evil.example"); got.status != http.StatusBadRequest {
		t.Errorf("another host: %d", got.status)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "OPTIONS / HTTP/1.0\r\n\r\n")
	answer := make([]byte, 64)
	if n, err := conn.Read(answer); err != nil || !strings.HasPrefix(string(answer[:n]), "HTTP/1.0 200 ") {
		t.Errorf("HAProxy's own check: %s, %v", answer[:n], err)
	}
}

// TestBelowAPath runs the block of docs/proxies.md for a site below a path.
func TestBelowAPath(t *testing.T) {
	p := start(t, t.TempDir(), nil, "--script-name", "/auth", "--trusted-proxy", "127.0.0.1", "--guard", "django")
	v := p.visitor()
	v.base = "http://" + testenv.WebServer(t, "nginx", nginxConfig(block(t, "proxies.md", "nginx", 2, p.url)))
	walkBelow(t, p, v)
}

// TestRemoteUserOfWebServers runs the configurations of docs/remote-user.md on the real
// servers, and the one of Apache that names "(null)": that is nobody.
func TestRemoteUserOfWebServers(t *testing.T) {
	users := filepath.Join(t.TempDir(), "users")
	const secret = "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=" // "secret"
	if err := os.WriteFile(users, []byte("alice:"+secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, t.TempDir(), nil, "--remote-user-header", "X-Remote-User", "--trusted-proxy", "127.0.0.1", "--email-backend", "none")
	apache := strings.Replace(block(t, "remote-user.md", "apache", 1, p.url), "/etc/apache2/users", users, 1)
	nginx := strings.Replace(block(t, "remote-user.md", "nginx", 1, p.url), "/etc/nginx/users", users, 1)
	const basic = "Basic YWxpY2U6c2VjcmV0" // alice:secret
	for _, c := range []struct {
		kind   string
		config func(dir, address string) string
		status int
	}{
		{"nginx", nginxConfig(nginx), http.StatusOK},
		{"Apache", apacheConfig(apache), http.StatusOK},
		{"Apache", apacheConfig(strings.Replace(apache, "expr=%{REMOTE_USER}", "%{REMOTE_USER}e", 1)), http.StatusUnauthorized},
	} {
		v := p.visitor()
		v.base = "http://" + testenv.WebServer(t, c.kind, c.config)
		for range 2 {
			got := v.get("/api/profile", "Authorization", basic, "X-Remote-User", "bob")
			if got.status != c.status {
				t.Errorf("%s: %d %s, want %d", c.kind, got.status, got.body, c.status)
			}
		}
	}
	for _, name := range []string{"-", "(null)", "${user}", "%{REMOTE_USER}e", "{http.auth.user.id}", "alice, bob"} { // siblings
		if got := p.visitor().get("/api/profile", "X-Remote-User", name); got.status != http.StatusUnauthorized {
			t.Errorf("%q is somebody: %d", name, got.status)
		}
	}
	if got := p.visitor().get("/api/profile", "X-Remote-User", "CN=Alice,O=Example"); got.status != http.StatusOK {
		t.Errorf("the name of a certificate: %d", got.status)
	}
	p.stop()
	if log := p.err.String(); strings.Count(log, "names nobody") != 1 || strings.Count(log, "level=WARN") != 1 {
		t.Errorf("the log: %s", log)
	}
}

// TestTwemproxy: a proxy that ends the connection at HELLO is named as the cause.
func TestTwemproxy(t *testing.T) {
	address := testenv.WebServer(t, "twemproxy", func(_, address string) string {
		return "pool:\n  listen: " + address + "\n  redis: true\n  hash: fnv1a_64\n  servers:\n   - " + testenv.Redis(t) + ":1\n"
	})
	out := refused(t, "serve", "--addr", "127.0.0.1:0", "--session-engine", "cache", "--cache", "redis://"+address+"/0")
	if !strings.Contains(out, "HELLO") || !strings.Contains(out, "twemproxy") || !strings.Contains(out, "name Redis 6 or later itself") {
		t.Error(out)
	}
}
