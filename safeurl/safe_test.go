package safeurl

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/pystr"
)

// TestSafeBeyondTheVectors has the texts of old advisories and of the exception
// from Django that IsSafe documents.
func TestSafeBeyondTheVectors(t *testing.T) {
	hosts := []string{"good.example", "[::1]"}
	for _, c := range []struct {
		url  string
		want bool
	}{
		{"/", true},
		{"  /path \u3000", true},
		{"?q", true},
		{"path:with/colon", false},
		{"/path:with/colon", true},
		{"https://good.example/a", true},
		{"//good.example/a", true},
		{"http://good.example:80/", false},
		{"http://GOOD.example/", false},
		{"http://user@good.example/", false},
		{"http://[::1]/", true},
		{"/\t//evil.example", false}, // Django: true
		{"/\r\n/\t\\evil.example", false},
		{"\\\t\\/evil.example", false},
		{"\\\\\\evil.example", false},
		{`http:\\\evil.example`, false},
		{`http://good.example\@evil.example`, false},
		{"http://good.example\\evil", false}, // as it stands the host is good.example\evil
		{"http:999999999", false},
		{"javascript:alert(1)", false},
		{"data:,x", false},
		{"\x01//evil.example", false},
		{"\u200b/", false}, // a format character
		{"\ue000/", false}, // private use
		{"\u0378/", false}, // not assigned
		{"http://good.example\u2100", false},
		{"http://[v1.x]/", false}, // well formed, but no allowed host
		{"http://[::1%eth0%x]/", false},
		{"/\xff", false},
		{"/" + strings.Repeat("é", MaxLength-1), true},
		{" /" + strings.Repeat("é", MaxLength-1) + " ", true},
		{"/" + strings.Repeat("é", MaxLength), false},
	} {
		if got := IsSafe(c.url, hosts, false); got != c.want {
			t.Errorf("IsSafe(%+.40q) = %v", c.url, got)
		}
	}
	if IsSafe("//good.example/", hosts, true) || !IsSafe("https://good.example/", hosts, true) || !IsSafe("/", nil, true) {
		t.Error("requireHTTPS")
	}
	if !Django52.IsSafe("/\t//evil.example", nil, false) {
		t.Error("Django 5.2 holds it for safe, so its rules do")
	}
}

func TestSplitAndString(t *testing.T) {
	for in, want := range map[string]Parts{
		"HTTP://u:p@H:1/p;x?q?r#f#g": {"http", "u:p@H:1", "/p;x", "q?r", "f#g"},
		"//h?q":                      {"", "h", "", "q", ""},
		"\x00 \tmailto:a@b":          {"mailto", "", "a@b", "", ""},
		"a\r\nb\tc":                  {"", "", "abc", "", ""},
		"1x:y":                       {"", "", "1x:y", "", ""},
		"é:y":                        {"", "", "é:y", "", ""},
		":y":                         {"", "", ":y", "", ""},
		"///p":                       {"", "", "/p", "", ""},
	} {
		if got, err := Split(in); err != nil || got != want {
			t.Errorf("Split(%q) = %+v, %v; want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{
		"http://[", "http://]", "//[]", "//[1.2.3.4]", "//[::1]x", "//x[::1]", "//u[]@h", "//[v1]", "//[vg.x]",
		"//[::1%]", "//h\u2048", "//\uff0f",
	} {
		if got, err := Split(in); !errors.Is(err, ErrURL) {
			t.Errorf("Split(%q) = %+v, %v", in, got, err)
		}
	}
	for want, p := range map[string]Parts{
		"http:///p":    {"http", "", "/p", "", ""},
		"http://":      {"http", "", "", "", ""},
		"http:p":       {"http", "", "p", "", ""},
		"mailto:p":     {"mailto", "", "p", "", ""},
		"////h/p":      {"", "", "//h/p", "", ""},
		"//h/p?q#f":    {"", "h", "p", "q", "f"},
		"x:////p":      {"x", "", "//p", "", ""},
		"https://h?q":  {"https", "h", "", "q", ""},
		"svn+ssh:///p": {"svn+ssh", "", "/p", "", ""},
	} {
		if got := p.String(); got != want {
			t.Errorf("%+v is %q, want %q", p, got, want)
		}
	}
}

func TestLoginRedirectQueries(t *testing.T) {
	for loginURL, want := range map[string]string{
		"/l?a=1&b=2&a=3":        "/l?a=1&a=3&b=2&next=/n",
		"/l?next=1&next=2&&b":   "/l?next=/n&b=",
		"/l?a+b=%20c%2&%zz=%e9": "/l?a%20b=%20c%252&%25zz=%EF%BF%BD&next=/n",
		"/l?=x":                 "/l?=x&next=/n",
		"login/":                "login/?next=/n",
	} {
		if got, err := LoginRedirect("/n", loginURL, RedirectFieldName); err != nil || got != want {
			t.Errorf("LoginRedirect to %q = %q, %v; want %q", loginURL, got, err, want)
		}
	}
	for loginURL, want := range map[string]error{
		"login":                           ErrLoginURL,
		"http://[/":                       ErrLoginURL,
		"/l?" + strings.Repeat("&", 1000): ErrLoginURL,
		"javascript:/":                    ErrRedirect,
	} {
		if got, err := LoginRedirect("/n", loginURL, RedirectFieldName); !errors.Is(err, want) {
			t.Errorf("LoginRedirect to %.20q = %q, %v; want %v", loginURL, got, err, want)
		}
	}
	if _, err := LoginRedirect("/"+strings.Repeat("a", MaxRedirect), "/l/", RedirectFieldName); !errors.Is(err, ErrRedirect) {
		t.Errorf("a next that is too long: %v", err)
	}
}

// TestLong: texts of a megabyte from outside are refused at once.
func TestLong(t *testing.T) {
	for name, url := range map[string]string{
		"path":   "/" + strings.Repeat("a", 1<<20),
		"blanks": strings.Repeat(" ", 1<<20) + "/",
		"marks":  "//" + strings.Repeat("\u0301", 1<<19),
		"slash":  strings.Repeat(`\/`, 1<<19),
	} {
		start := time.Now()
		if got := IsSafe(url, []string{"h"}, false); got != (name == "blanks") {
			t.Errorf("%s: %v", name, got)
		}
		if d := time.Since(start); d > time.Second {
			t.Errorf("%s: %v", name, d)
		}
	}
}

// FuzzIsSafe: where IsSafe says yes without allowed hosts, a browser stays on
// the site, and so does anyone who follows the Location header made of it. With an
// allowed host it goes to none but this.
func FuzzIsSafe(f *testing.F) {
	for _, seed := range []string{
		"/", "/\t//evil", `\\evil`, "http:/evil", "//evil", "/ok?a=//b#c", "java\nscript:x", "http://good.example@evil",
		"http://other.example/x", "//other.example\\@evil", "\x00//evil", "%2f/evil", "//[::1]/", "//", "/%09/evil",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if IsSafe(text, nil, false) {
			stays(t, text, "good.example")
			if location, err := Location(text); err == nil {
				stays(t, location, "good.example")
			}
		}
		if IsSafe(text, []string{"other.example"}, false) {
			stays(t, text, "good.example", "other.example")
		}
		if IsSafe(text, nil, true) && !IsSafe(text, nil, false) {
			t.Errorf("%q is safe only where https is required", text)
		}
		for _, rules := range []Rules{Django52, InsecureDjango42, InsecureDjango32} {
			rules.IsSafe(text, []string{"other.example"}, true)
		}
		if p, err := Split(text); err == nil {
			again, err := Split(p.String())
			if err == nil && again.Netloc != p.Netloc {
				t.Errorf("%q has the host %q, put together again %q", text, p.Netloc, again.Netloc)
			}
		}
	})
}

// stays resolves a URL as browsers do (the WHATWG's URL standard) on a page of
// https://good.example, and fails where the host is none of hosts.
func stays(t *testing.T, text string, hosts ...string) {
	t.Helper()
	clean := strings.Trim(text, "\x00\x01\x02\x03\x04\x05\x06\x07\x08\t\n\v\f\r\x0e\x0f\x10\x11\x12\x13\x14"+
		"\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f ")
	clean = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(clean)
	if i := strings.IndexByte(clean, ':'); i > 0 && isBrowserScheme(clean[:i]) {
		if scheme := strings.ToLower(clean[:i]); scheme != "http" && scheme != "https" {
			t.Fatalf("%q has the scheme %s", text, scheme)
		}
		clean = "//" + strings.TrimLeft(clean[i+1:], `/\`)
	}
	end := strings.IndexAny(clean, "?#")
	if end < 0 {
		end = len(clean)
	}
	clean = strings.ReplaceAll(clean[:end], `\`, "/") + clean[end:]
	host := "good.example"
	if strings.HasPrefix(clean, "//") {
		host = strings.TrimLeft(clean, "/")
		if i := strings.IndexAny(host, "/?#"); i >= 0 {
			host = host[:i]
		}
		host = host[strings.LastIndexByte(host, '@')+1:]
		if isNoHost(host) {
			return // no URL at all: browsers go nowhere
		}
	} else if ref, err := url.Parse(clean); err == nil {
		base := &url.URL{Scheme: "https", Host: "good.example", Path: "/x"}
		host = base.ResolveReference(ref).Host
	}
	for _, h := range hosts {
		if host == h {
			return
		}
	}
	t.Fatalf("%q is safe, but browsers go to %q", text, host)
}

// isNoHost: hosts are decoded, and spaces refused, as other forbidden characters
// are. "//" and a space is what is left of "//" to come here.
func isNoHost(host string) bool {
	if decoded, err := url.PathUnescape(host); err == nil {
		host = decoded
	}
	return host == "" || strings.ContainsFunc(host, pystr.IsSpace)
}

func isBrowserScheme(s string) bool {
	for i, c := range s {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z' && c < 0x80
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", c)) {
			return false
		}
	}
	return true
}
