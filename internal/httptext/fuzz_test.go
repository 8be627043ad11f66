package httptext

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzParseCookie: reading never panics, what it makes stays within the size of
// what it read, and Lookup finds the same as ParseCookie, also when the header
// is cut into lines.
func FuzzParseCookie(f *testing.F) {
	for _, seed := range []string{
		"a=b; c=d", `a="b\"c"; a="\303\251"`, "=; ; x", "a=\xff\xe2\x98", `a="\`, "a=b;a=c\n", `""=""`,
	} {
		f.Add(seed, "a")
	}
	f.Fuzz(func(t *testing.T, header, name string) {
		cookies := ParseCookie(header)
		size := 0
		for key, value := range cookies {
			size += len(key) + len(value)
			if !utf8.ValidString(key) || !utf8.ValidString(value) {
				t.Errorf("%q=%q is not UTF-8", key, value)
			}
		}
		if size > 3*len(header) { // U+FFFD is three bytes long
			t.Errorf("%d bytes of cookies from %d bytes", size, len(header))
		}
		lines := http.Header{"Cookie": strings.Split(header, ";")}
		if joined := ParseCookies(lines); !maps.Equal(joined, cookies) {
			t.Errorf("in one line %q, in several %q", cookies, joined)
		}
		names := append([]string{name, ""}, keys(cookies)...)
		for _, name := range names {
			want, has := cookies[name]
			for _, h := range []http.Header{{"Cookie": {header}}, lines} {
				if got, ok := Lookup(h, name); ok != has || got != want {
					t.Errorf("Lookup(%q, %q) = %q, %v; ParseCookie says %q, %v", h, name, got, ok, want, has)
				}
			}
		}
	})
}

func keys(m map[string]string) []string {
	var all []string
	for key := range maps.Keys(m) {
		if all = append(all, key); len(all) == 20 {
			break
		}
	}
	return all
}

// FuzzSetCookie: what is written can stand in a header, adds no attribute, and
// is read back as it was.
func FuzzSetCookie(f *testing.F) {
	f.Add("sessionid", "abc", "/", "example.com", "Lax", 60)
	f.Add("k", "a,b;c\"d\\e\u00e9\u2603", "", "", "", 0)
	f.Add("__Host-x", "\r\n", "/;", "x\x00", "none", -1)
	f.Fuzz(func(t *testing.T, name, value, path, domain, samesite string, age int) {
		cookie := SetCookie{
			Name: name, Value: value, Path: path, Domain: domain, SameSite: samesite,
			MaxAge: &age, Secure: true, HttpOnly: true,
		}
		s, err := cookie.String(time.Unix(1700000000, 0))
		if err != nil {
			return
		}
		if strings.ContainsAny(s, "\r\n\x00\x7f") || !utf8.ValidString(s) {
			t.Fatalf("%+v is written as %q", cookie, s)
		}
		parts := strings.Split(s, ";")
		want := 5 // the pair, expires, HttpOnly, Max-Age, Secure
		for _, attribute := range []string{path, domain, samesite} {
			if attribute != "" {
				want++
			}
		}
		if len(parts) != want {
			t.Fatalf("%+v is written with %d parts as %q, want %d", cookie, len(parts), s, want)
		}
		if got, ok := Lookup(http.Header{"Cookie": {parts[0]}}, name); !ok || got != value {
			t.Fatalf("%q is written as %q and read as %q, %v", value, s, got, ok)
		}
	})
}

// TestLinear: hostile headers of a megabyte cost no more than harmless ones.
func TestLinear(t *testing.T) {
	const size = 1 << 20
	for name, header := range map[string]string{
		"backslashes":  `a="` + strings.Repeat(`\`, size) + `"`,
		"octals":       `a="` + strings.Repeat(`\054`, size/4) + `"`,
		"quotes":       `a="` + strings.Repeat(`"`, size) + `"`,
		"semicolons":   strings.Repeat(";", size),
		"empty values": strings.Repeat("a=;", size/3),
		"blanks":       "a=" + strings.Repeat(" ", size) + "b",
		"broken":       strings.Repeat("\xe2\x98", size/2),
	} {
		start := time.Now()
		ParseCookie(header)
		Lookup(http.Header{"Cookie": {header}}, "absent")
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("%s: %v", name, d)
		}
	}
}
