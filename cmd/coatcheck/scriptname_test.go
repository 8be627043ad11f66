package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// mount is a proxy that mounts a server below a path: it cuts the path off or leaves it
// there, and may name it in a header.
func mount(t *testing.T, p *process, path string, cut bool, header string) *visitor {
	t.Helper()
	to, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	var proxy http.Handler = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
		r.Out.Header.Del("X-Forwarded-Prefix")
		if header != "" {
			r.Out.Header.Set("X-Forwarded-Prefix", header)
		}
	}}
	if cut {
		proxy = http.StripPrefix(path, proxy)
	}
	mux := http.NewServeMux() // which has nothing elsewhere
	mux.Handle(path+"/", proxy)
	front := httptest.NewServer(mux)
	t.Cleanup(front.Close)
	v := p.visitor()
	v.base = front.URL
	return v
}

// documentation is where the pages link to that explain the site, which is not below its path.
const documentation = "https://github.com/coatcheck/coatcheck/blob/main/docs/"

var linked = regexp.MustCompile(`(?:href|src|action)="([^"#]*)"`)

// TestScriptName: below a path every address leads back below it, in pages, redirects,
// cookies, emails and the description of the API, however the proxy passes the path on.
func TestScriptName(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		cut    bool
		header string
	}{
		"cut off":     {[]string{"--script-name", "/auth"}, true, ""},
		"left there":  {[]string{"--script-name", "/auth/"}, false, ""},
		"in a header": {[]string{"--use-x-forwarded-prefix", "--trusted-proxy", "127.0.0.1", "--base-url", "https://www.example.com/auth"}, true, "/auth/"},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, t.TempDir(), nil, append(c.args, "--guard", "django")...)
			walkBelow(t, p, mount(t, p, "/auth", c.cut, c.header))
		})
	}
}

// walkBelow is the way of a visitor of a site below /auth.
func walkBelow(t *testing.T, p *process, v *visitor) {
	t.Helper()
	page := []string{"Accept", "text/html"}
	seen := map[string]bool{}
	for _, path := range []string{"/auth/", "/auth/accounts/login/", "/auth/accounts/signup/", "/auth/accounts/language/", "/auth/docs/?q=zzyzx", "/auth/nothing"} {
		got := v.get(path, page...)
		if got.status >= http.StatusInternalServerError {
			t.Errorf("%s: %d", path, got.status)
		}
		for _, found := range linked.FindAllStringSubmatch(got.body, -1) {
			if !strings.HasPrefix(found[1], "data:") && !strings.HasPrefix(found[1], documentation) {
				seen[found[1]] = true
			}
		}
	}
	if len(seen) < 6 {
		t.Errorf("few addresses: %v", seen)
	}
	for to := range seen {
		if !strings.HasPrefix(to, "/auth/") {
			t.Errorf("a link leads to %s", to)
		} else if got := v.get(to); got.status == http.StatusNotFound {
			t.Errorf("%s: %d", to, got.status)
		}
	}
	form := credentials("alice", "correct horse")
	form.Set("email", "alice@example.com")
	for _, step := range []struct{ method, path, to string }{
		{"GET", "/auth/accounts/profile/", "/auth/accounts/login/?next=/auth/accounts/profile/"},
		{"GET", "/auth/accounts/login", "/auth/accounts/login/"},
		{"GET", "/auth/public", "/auth/public/"},
		{"POST", "/auth/accounts/signup/", "/auth/accounts/login/"},
		{"POST", "/auth/accounts/login/", "/auth/accounts/profile/"},
		{"POST", "/auth/accounts/login/?next=/auth/public/", "/auth/public/"},
		{"POST", "/auth/accounts/password_reset/", "/auth/accounts/password_reset/done/"},
		{"POST", "/auth/accounts/language/", "/auth/"},
	} {
		form.Set("csrfmiddlewaretoken", v.cookie("/auth/", "csrftoken"))
		got := v.do(step.method, step.path, form, page...)
		if to := got.header.Get("Location"); to != step.to {
			t.Errorf("%s %s: %d, %q, want %q", step.method, step.path, got.status, to, step.to)
		}
		for _, line := range got.header["Set-Cookie"] {
			if cookie, err := http.ParseSetCookie(line); err != nil || cookie.Path != "/auth/" {
				t.Errorf("%s %s sets %q", step.method, step.path, line)
			}
		}
	}
	if got := v.get("/auth/accounts/profile/"); got.status != http.StatusOK {
		t.Errorf("the profile: %d", got.status)
	}
	if got := v.get("/auth/accounts/openapi.json"); !strings.HasPrefix(got.body, `{"servers": [{"url": "/auth"}],`) {
		t.Errorf("openapi.json begins %.80s", got.body)
	}
	wait(t, "the email", func() bool { return strings.Contains(p.out.String()+p.err.String(), "/accounts/reset/") })
	if out := p.out.String() + p.err.String(); !regexp.MustCompile(`https?://[^/\s]+/auth/accounts/reset/`).MatchString(out) ||
		regexp.MustCompile(`https?://[^/\s]+/accounts/`).MatchString(out) {
		t.Errorf("the email: %s", out)
	}
}

// TestScriptNameRefused: a script name that cannot work is refused, and a forwarded one
// that is none, or that nobody trusts, counts for nothing.
func TestScriptNameRefused(t *testing.T) {
	for name, want := range map[string]string{
		"auth": "is no path", "//evil.example": "is no path", "/a/../b": "is no path", "/accounts": "leave it out", `/a\b`: "is no path",
	} {
		if out := refused(t, "check", "--script-name", name); !strings.Contains(out, want) {
			t.Errorf("%s: %s", name, out)
		}
	}
	out := refused(t, "check", "--script-name", "/auth", "--session-cookie-path", "/accounts/")
	if !strings.Contains(out, "does not lead to the account pages, /auth/accounts/login/") {
		t.Error(out)
	}
	if out := refused(t, "check", "--script-name", "/auth", "--base-url", "https://www.example.com/other"); !strings.Contains(out, "name the same path") {
		t.Error(out)
	}
	p := start(t, t.TempDir(), nil, "--use-x-forwarded-prefix", "--trusted-proxy", "127.0.0.2")
	if got := p.visitor().get("/accounts/profile/", "X-Forwarded-Prefix", "/auth"); got.header.Get("Location") != "/accounts/login/?next=/accounts/profile/" {
		t.Errorf("a prefix of a stranger leads to %q", got.header.Get("Location"))
	}
	p = start(t, t.TempDir(), nil, "--use-x-forwarded-prefix", "--trusted-proxy", "127.0.0.1")
	if got := p.visitor().get("/accounts/profile/", "X-Forwarded-Prefix", "//evil.example"); got.status != http.StatusBadRequest {
		t.Errorf("a prefix that is none: %d", got.status)
	}
	p = start(t, t.TempDir(), nil, "--trusted-proxy", "127.0.0.1")
	p.visitor().get("/", "X-Forwarded-Prefix", "/auth")
	wait(t, "the log says that the prefix is not looked at", func() bool { return strings.Contains(p.err.String(), "--use-x-forwarded-prefix") })
}

// cookie is the value of a cookie that the visitor would send.
func (v *visitor) cookie(path, name string) string {
	v.t.Helper()
	u, err := url.Parse(v.base + path)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, cookie := range v.http.Jar.Cookies(u) {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	v.t.Fatalf("the visitor has no cookie %s", name)
	return ""
}
