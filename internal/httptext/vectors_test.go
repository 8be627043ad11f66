package httptext

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/vectors"
)

// older are the records in which an older Django or Python differs from 6.1 on
// Python 3.13, which this package follows. Each must be met, and must differ.
var older = []struct {
	kind, django, key, reason string
}{
	{"cookie_value", "3.2.25", `"\u0001"`, controlReason},
	{"cookie_value", "3.2.25", `"\u007f"`, controlReason},
	{"cookie_value", "3.2.25", `"a\tb"`, controlReason},
	{"cookie_value", "4.2.28", `"\u0001"`, controlReason},
	{"cookie_value", "4.2.28", `"a\tb"`, controlReason},
	{"cookie_value", "5.2.18", `"\u0001"`, controlReason},
	{"cookie_value", "5.2.18", `"\u007f"`, controlReason},
	{"cookie_value", "5.2.18", `"a\tb"`, controlReason},
	{"patch_vary", "3.2.25", `"Accept,"`, emptyReason},
	{"patch_vary", "4.2.28", `"Accept,"`, emptyReason},
	{"patch_vary", "5.2.18", `""`, emptyReason},
}

const (
	controlReason = "Python 3.11.2 writes control characters as octal escapes, newer ones refuse them"
	emptyReason   = "Django before 6.1 keeps empty elements of Vary"
)

func TestVectors(t *testing.T) {
	done, differing, others := 0, 0, 0
	met := map[int]bool{}
	for _, r := range vectors.Load(t, "cookies") {
		key, agrees := check(t, r)
		switch {
		case key == "":
			if r.Kind() != "session_middleware" { // tested where the middleware is
				t.Errorf("%v: nobody tests this kind", r)
			}
			others++
			continue
		case isOlder(r, key, met) == agrees:
			t.Errorf("%v: agrees is %v, listed as differing is %v: %s", r, agrees, agrees, r.JSON)
		}
		done++
		if !agrees {
			differing++
		}
	}
	for i, o := range older {
		if !met[i] {
			t.Errorf("%+v is listed as differing, but there is no such record", o)
		}
	}
	t.Logf("%d records agree, %d of older versions differ as listed, %d belong to the middleware",
		done-differing, differing, others)
}

func isOlder(r vectors.Record, key string, met map[int]bool) bool {
	for i, o := range older {
		if o.kind == r.Kind() && o.django == r.Django() && o.key == key {
			met[i] = true
			return true
		}
	}
	return false
}

// check compares one record; key is the raw JSON of what tells records of one
// kind apart, empty for kinds of other packages.
func check(t *testing.T, r vectors.Record) (key string, agrees bool) {
	switch r.Kind() {
	case "set_cookie":
		return string(r.Raw("args")), sameCookie(t, r, cookieOf(t, r, "sessionid", "abc"))
	case "cookie_value":
		value, _ := r.Text(t, "value")
		return string(r.Raw("value")), sameCookie(t, r, SetCookie{Name: "k", Value: value, Path: "/"})
	case "cookie_name":
		name, _ := r.Text(t, "name")
		return string(r.Raw("name")), sameCookie(t, r, SetCookie{Name: name, Value: "v", Path: "/"})
	case "delete_cookie":
		c := cookieOf(t, r, text(t, r, "name"), "")
		return string(r.Raw("args")), sameCookie(t, r, Deletion(c.Name, c.Path, c.Domain, c.SameSite)) &&
			DeleteCookie(c.Name, c.Path, c.Domain, c.SameSite) == output(t, r)
	case "parse_cookie":
		var want map[string]string
		r.Decode(t, "result", &want)
		return string(r.Raw("header")), sameCookies(text(t, r, "header"), want)
	case "patch_vary":
		return string(r.Raw("before")), sameVary(t, r)
	case "never_cache":
		return string(r.Raw("headers")), sameNeverCache(t, r)
	}
	return "", false
}

func text(t *testing.T, r vectors.Record, field string) string {
	s, ok := r.Text(t, field)
	if !ok {
		t.Fatalf("%v: %s is not UTF-8", r, field)
	}
	return s
}

// cookieOf reads the keyword arguments of set_cookie and delete_cookie.
func cookieOf(t *testing.T, r vectors.Record, name, value string) SetCookie {
	args := map[string]json.RawMessage{}
	r.Decode(t, "args", &args)
	c := SetCookie{Name: name, Value: value, Path: "/"}
	into := func(key string, v any) {
		raw, ok := args[key]
		if !ok || string(raw) == "false" {
			return
		}
		if err := json.Unmarshal(raw, v); err != nil {
			t.Fatalf("%v: %s: %v", r, key, err)
		}
		delete(args, key)
	}
	var expires *string
	var age *float64
	if string(args["path"]) == "null" {
		args["path"] = json.RawMessage(`""`)
	}
	into("path", &c.Path)
	into("domain", &c.Domain)
	into("samesite", &c.SameSite)
	into("secure", &c.Secure)
	into("httponly", &c.HttpOnly)
	into("expires", &expires)
	into("max_age", &age)
	for key, raw := range args {
		if string(raw) != "false" {
			t.Fatalf("%v: unknown argument %s", r, key)
		}
	}
	if expires != nil {
		at, err := http.ParseTime(*expires)
		if err != nil {
			t.Fatalf("%v: %v", r, err)
		}
		c.Expires = at
	}
	if age != nil {
		seconds := int(*age)
		c.MaxAge = &seconds
		if float64(seconds) != *age { // a broken number of seconds counts whole in expires
			var now float64
			r.Decode(t, "now", &now)
			c.Expires = seconds64(now + *age)
		}
	}
	return c
}

func seconds64(s float64) time.Time {
	whole, part := math.Modf(s)
	return time.Unix(int64(whole), int64(part*1e9))
}

func output(t *testing.T, r vectors.Record) string {
	var lines []string
	r.Decode(t, "output", &lines)
	if len(lines) != 1 {
		t.Fatalf("%v: %d lines", r, len(lines))
	}
	return lines[0]
}

func sameCookie(t *testing.T, r vectors.Record, c SetCookie) bool {
	now := time.Unix(0, 0)
	if r.Has("now") {
		var seconds float64
		r.Decode(t, "now", &seconds)
		now = seconds64(seconds)
	}
	got, err := c.String(now)
	if r.Has("error") {
		return errors.Is(err, ErrCookie)
	}
	return err == nil && got == output(t, r)
}

func sameCookies(header string, want map[string]string) bool {
	for name, value := range want {
		if got, ok := Lookup(http.Header{"Cookie": {header}}, name); !ok || got != value {
			return false
		}
	}
	return maps.Equal(ParseCookie(header), want)
}

func sameVary(t *testing.T, r vectors.Record) bool {
	h := http.Header{}
	if !r.IsNull("before") {
		h.Set("Vary", text(t, r, "before"))
	}
	var add []string
	r.Decode(t, "add", &add)
	PatchVary(h, add...)
	return h.Get("Vary") == text(t, r, "after")
}

func sameNeverCache(t *testing.T, r vectors.Record) bool {
	var want map[string]string
	r.Decode(t, "headers", &want)
	h := http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	NeverCache(h, time.Unix(1700000000, 700000000))
	got := map[string]string{}
	for name := range h {
		got[name] = h.Get(name)
	}
	return maps.Equal(got, want)
}

func TestDateVectors(t *testing.T) {
	n := 0
	for _, r := range vectors.Load(t, "redirects") {
		if r.Kind() != "http_date" { // the others are tested in safeurl
			continue
		}
		var epoch float64
		r.Decode(t, "epoch", &epoch)
		if got := HTTPDate(seconds64(epoch)); got != text(t, r, "output") {
			t.Errorf("%v: %q: %s", r, got, r.JSON)
		}
		n++
	}
	if n == 0 {
		t.Error("no records")
	}
}
