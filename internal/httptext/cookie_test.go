package httptext

import (
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestParseCookieBeyondTheVectors(t *testing.T) {
	for _, c := range []struct {
		header string
		want   map[string]string
	}{
		{"", map[string]string{}},
		{";;; ;", map[string]string{}},
		{"=", map[string]string{}},
		{`a="`, map[string]string{"a": `"`}},
		{`a=""`, map[string]string{"a": ""}},
		{`a="\"`, map[string]string{"a": `\`}},
		{`a="x\`, map[string]string{"a": `"x\`}},
		{`a="\400\777"`, map[string]string{"a": "400777"}},
		{`a="\377\0001"`, map[string]string{"a": "\u00ff\x001"}},
		{`a="\\054"`, map[string]string{"a": `\054`}},
		{`a="\é\☃"`, map[string]string{"a": "é☃"}},
		{"a=\"\\\n\"", map[string]string{"a": "\\\n"}},
		{`a="b;c"`, map[string]string{"a": `"b`, "": `c"`}},
		{"ga=x]csrftoken=evil; csrftoken=good", map[string]string{"ga": "x]csrftoken=evil", "csrftoken": "good"}},
		{"\u00a0a\u3000=\u2003b\x1f", map[string]string{"a": "b"}},
		{"a=\xff; \xe2\x98=b", map[string]string{"a": "\ufffd", "\ufffd": "b"}},
		{"a=1;A=2", map[string]string{"a": "1", "A": "2"}},
		{"%5F%5FHost-a=1", map[string]string{"%5F%5FHost-a": "1"}},
	} {
		if got := ParseCookie(c.header); !maps.Equal(got, c.want) {
			t.Errorf("ParseCookie(%q) = %q, want %q", c.header, got, c.want)
		}
	}
}

func TestLookupTakesTheLastOfAllLines(t *testing.T) {
	h := http.Header{"Cookie": {`s=1; s=2; other=x`, ` t = "a\054b" ;s=3;`, "u=4; S=5; =6"}}
	for name, want := range map[string]string{"s": "3", "t": "a,b", "u": "4", "S": "5", "other": "x", "": "6"} {
		if got, ok := Lookup(h, name); !ok || got != want {
			t.Errorf("Lookup(%q) = %q, %v; want %q", name, got, ok, want)
		}
		if got := ParseCookies(h)[name]; got != want {
			t.Errorf("ParseCookies[%q] = %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"x", " s", "s ", "t=", "other=x"} {
		if got, ok := Lookup(h, name); ok {
			t.Errorf("Lookup(%q) = %q, want none", name, got)
		}
	}
	if _, ok := Lookup(http.Header{}, "s"); ok {
		t.Error("Lookup found a cookie where there is no Cookie line")
	}
}

func TestSetCookieRefuses(t *testing.T) {
	good := SetCookie{Name: "s", Value: "v", Path: "/"}
	if _, err := good.String(time.Time{}); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*SetCookie){
		"reserved name in any case": func(c *SetCookie) { c.Name = "Max-Age" },
		"newline in the name":       func(c *SetCookie) { c.Name = "a\nb" },
		"line end in the value":     func(c *SetCookie) { c.Value = "a\r\nSet-Cookie: b=c" },
		"NUL in the value":          func(c *SetCookie) { c.Value = "\x00" },
		"no UTF-8 in the value":     func(c *SetCookie) { c.Value = "a\xc3" },
		"line end in the path":      func(c *SetCookie) { c.Path = "/\r\n" },
		"attribute in the path":     func(c *SetCookie) { c.Path = "/; Domain=evil" },
		"attribute in the domain":   func(c *SetCookie) { c.Domain = "x;Secure" },
		"control in the domain":     func(c *SetCookie) { c.Domain = "x\x7f" },
		"unknown samesite":          func(c *SetCookie) { c.SameSite = "lax " },
		"long s in samesite":        func(c *SetCookie) { c.SameSite = "\u017ftrict" },
	} {
		bad := good
		change(&bad)
		s, err := bad.String(time.Time{})
		if !errors.Is(err, ErrCookie) || s != "" {
			t.Errorf("%s: %q, %v", name, s, err)
		}
	}
	if s := DeleteCookie("a b", "/", "", ""); s != "" {
		t.Errorf("DeleteCookie of an illegal name is %q", s)
	}
}

func TestSetCookieFarExpiry(t *testing.T) {
	now := time.Unix(1700000000, 0)
	for age, want := range map[int]string{
		1 << 62:    "s=v; expires=Fri, 31 Dec 9999 23:59:59 GMT; Max-Age=4611686018427387904",
		-(1 << 62): "s=v; expires=Sat, 01 Jan 0000 00:00:00 GMT; Max-Age=-4611686018427387904",
	} {
		got, err := SetCookie{Name: "s", Value: "v", MaxAge: &age}.String(now)
		if err != nil || got != want {
			t.Errorf("max age %d: %q, %v; want %q", age, got, err, want)
		}
	}
}

func TestRefusedByBrowsers(t *testing.T) {
	host := SetCookie{Name: "__Host-s", Value: "v", Path: "/", Secure: true, HttpOnly: true}
	for _, c := range []struct {
		name   string
		change func(*SetCookie)
		want   bool
	}{
		{"as it should be", func(*SetCookie) {}, false},
		{"no Secure", func(c *SetCookie) { c.Secure = false }, true},
		{"another path", func(c *SetCookie) { c.Path = "/a" }, true},
		{"a domain", func(c *SetCookie) { c.Domain = "x.y" }, true},
		{"another spelling", func(c *SetCookie) { c.Name, c.Path = "__hOST-s", "" }, true},
		{"__Secure- without", func(c *SetCookie) { c.Name, c.Secure = "__secure-s", false }, true},
		{"__Secure- with a domain", func(c *SetCookie) { c.Name, c.Domain = "__Secure-s", "x.y" }, false},
		{"none without Secure", func(c *SetCookie) { c.Name, c.SameSite, c.Secure = "s", "None", false }, true},
		{"none", func(c *SetCookie) { c.SameSite = "None" }, false},
		{"__Http- without HttpOnly", func(c *SetCookie) { c.Name, c.HttpOnly = "__http-s", false }, true},
		{"__Http-", func(c *SetCookie) { c.Name = "__Http-s" }, false},
		{"__Host-Http- without HttpOnly", func(c *SetCookie) { c.Name, c.HttpOnly = "__Host-Http-s", false }, true},
		{"a URL as domain", func(c *SetCookie) { c.Name, c.Domain = "s", "https://example.com" }, true},
		{"a domain with a port", func(c *SetCookie) { c.Name, c.Domain = "s", "example.com:8000" }, true},
		{"a public suffix", func(c *SetCookie) { c.Name, c.Domain = "s", ".co.uk" }, true},
		{"one of a company", func(c *SetCookie) { c.Name, c.Domain = "s", "github.io" }, true},
		{"an international name", func(c *SetCookie) { c.Name, c.Domain = "s", "exämple.com" }, true},
		{"a domain", func(c *SetCookie) { c.Name, c.Domain = "s", ".example.com" }, false},
		{"localhost", func(c *SetCookie) { c.Name, c.Domain = "s", "localhost" }, false},
		{"an address", func(c *SetCookie) { c.Name, c.Domain = "s", "127.0.0.1" }, false},
		{"below an address", func(c *SetCookie) { c.Name, c.Domain = "s", ".127.0.0.1" }, true},
		{"a path without slash", func(c *SetCookie) { c.Name, c.Path = "s", "app/" }, true},
		{"just fits", func(c *SetCookie) { c.Value = strings.Repeat("v", MaxPairBytes-8) }, false},
		{"too long", func(c *SetCookie) { c.Value = strings.Repeat("v", MaxPairBytes-7) }, true},
		{"too long with escapes", func(c *SetCookie) { c.Value = strings.Repeat(",", MaxPairBytes/4) }, true},
		{"long path", func(c *SetCookie) { c.Name, c.Path = "s", strings.Repeat("/", MaxAttributeBytes+1) }, true},
	} {
		cookie := host
		c.change(&cookie)
		if err := cookie.Refused(); (err != nil) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestDeletionIsTakenByBrowsers(t *testing.T) {
	for _, name := range []string{"s", "__Host-s", "__Secure-s", "__HOST-s", "__Http-s", "__host-http-s"} {
		for _, samesite := range []string{"", "Lax", "None"} {
			if err := Deletion(name, "/", "", samesite).Refused(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestAllocations(t *testing.T) {
	h := http.Header{"Cookie": {`ga=GA1.2.3; theme="dark"; sessionid=abcdefghijklmnopqrstuvwxyz012345; csrftoken=x`}}
	age := 1209600
	cookie := SetCookie{
		Name: "sessionid", Value: "abcdefghijklmnopqrstuvwxyz012345", Path: "/",
		MaxAge: &age, HttpOnly: true, SameSite: "Lax",
	}
	now := time.Unix(1700000000, 0)
	vary := http.Header{"Vary": {"Cookie"}}
	for name, c := range map[string]struct {
		most float64
		f    func()
	}{
		"Lookup":         {0, func() { Lookup(h, "sessionid") }},
		"Lookup in vain": {0, func() { Lookup(h, "messages") }},
		"SetCookie":      {1, func() { _, _ = cookie.String(now) }},
		"PatchVary":      {0, func() { PatchVary(vary, "Cookie") }},
	} {
		if n := testing.AllocsPerRun(100, c.f); n > c.most {
			t.Errorf("%s: %v allocations, at most %v", name, n, c.most)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	h := http.Header{"Cookie": {`_ga=GA1.2.1234.5678; theme="dark"; csrftoken=0123456789abcdefghijklmnopqrstuv; sessionid=abcdefghijklmnopqrstuvwxyz012345; x=1`}}
	for b.Loop() {
		Lookup(h, "sessionid")
	}
}

func BenchmarkSetCookie(b *testing.B) {
	age := 1209600
	now := time.Unix(1700000000, 0)
	for b.Loop() {
		_, _ = SetCookie{
			Name: "sessionid", Value: "abcdefghijklmnopqrstuvwxyz012345", Path: "/",
			MaxAge: &age, HttpOnly: true, SameSite: "Lax",
		}.String(now)
	}
}
