package middleware_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/csrf"
	"github.com/coatcheck/coatcheck/middleware"
)

// multipartForm creates a form with the token before or behind a file.
func multipartForm(t testing.TB, token string, file int, tokenFirst bool) (kind, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	write := func(token string) {
		if err := w.WriteField(csrf.FormField, token); err != nil {
			t.Fatal(err)
		}
	}
	if tokenFirst {
		write(token)
	}
	part, err := w.CreateFormFile("upload", "x.bin")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(bytes.Repeat([]byte("0123456789abcdef"), file/16)); err != nil {
		t.Fatal(err)
	}
	if !tokenFirst {
		write(token)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

// TestCSRFBody: the view reads every byte of the body, whatever was searched.
func TestCSRFBody(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	g := newGuarded(t, false, middleware.CSRFConfig{MaxBody: 64 << 10})
	v := g.visitor(t)
	token := v.token()
	small, smallBody := multipartForm(t, token, 1<<10, false)
	first, firstBody := multipartForm(t, token, 1<<20, true)
	last, lastBody := multipartForm(t, token, 1<<20, false)
	none, noneBody := multipartForm(t, "", 1<<10, true)
	field := csrf.FormField + "="
	long := strings.Repeat("x", 64<<10)
	for _, tt := range []struct {
		name, kind, body string
		header, good     bool
	}{
		{"a form", form, "a=b&" + field + token, false, true},
		{"a charset", form + "; charset=utf-8", field + token, false, true},
		{"the name in percent signs", form, "%63srfmiddlewaretoken=" + token, false, true},
		{"the last one counts", form, field + "x&" + field + token, false, true},
		{"the last one counts, wrong", form, field + token + "&" + field + "x", false, false},
		{"a wrong one is not rescued by the header", form, field + "x", true, false},
		{"an empty one is", form, field, true, true},
		{"; separates nothing", form, "a=b;" + field + token, false, false},
		{"in the query it does not count", form, "", false, false},
		{"a long form", form, "a=" + long + "&" + field + token, false, false},
		{"a long form with the header", form, "a=" + long, true, true},
		{"many fields", form, strings.Repeat("a&", 1000) + field + token, false, false},
		{"JSON", "application/json", `{"csrfmiddlewaretoken":"` + token + `"}`, false, false},
		{"JSON with the header", "application/json", `{"a":1}`, true, true},
		{"text", "text/plain", field + token, false, false},
		{"no type", "", field + token, false, false},
		{"a type that is none", "a;b;c", field + token, true, true},
		{"a form in parts", small, smallBody, false, true},
		{"a file behind the token", first, firstBody, false, true},
		{"a token behind a long file", last, lastBody, false, false},
		{"that with the header", last, lastBody, true, true},
		{"an empty token in parts", none, noneBody, true, true},
		{"parts without a boundary", "multipart/form-data", smallBody, true, true},
		{"parts that are none", small, "nonsense", true, true},
		{"parts cut off", small, smallBody[:len(smallBody)/2], true, true},
	} {
		header := []string{"Origin", g.URL}
		if tt.header {
			header = append(header, "X-CSRFToken", token)
		}
		for _, chunked := range []bool{false, true} {
			r := request(t, "POST", g.URL+"/x?"+field+token, tt.body, header...)
			if tt.kind != "" {
				r.Header.Set("Content-Type", tt.kind)
			}
			if chunked {
				r.ContentLength = -1
			}
			response, got := fetch(t, v.client, r)
			want := fmt.Sprintf("%d %x <nil>", len(tt.body), sha256.Sum256([]byte(tt.body)))
			if (response.StatusCode == 200) != tt.good || tt.good && got != want {
				t.Errorf("%s, chunked %v: %d %s, want %v %s", tt.name, chunked, response.StatusCode, got, tt.good, want)
			}
		}
	}
}

// TestCSRFBodyCutOff: the view of a request that is let in sees that the body
// did not come whole.
func TestCSRFBodyCutOff(t *testing.T) {
	secret := csrf.NewSecret()
	for _, kind := range []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=b"} {
		guard, err := middleware.CSRF(middleware.CSRFConfig{})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader("a=b"), failing{}))
		r.Header = http.Header{"Content-Type": {kind}, "X-Csrftoken": {secret.Token()}, "Cookie": {"csrftoken=" + secret.Text()}}
		called := false
		guard(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			called = true
			if body, err := io.ReadAll(r.Body); string(body) != "a=b" || err == nil {
				t.Errorf("%s: the view reads %q, %v", kind, body, err)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
		if !called {
			t.Errorf("%s: refused", kind)
		}
	}
}

type failing struct{}

// Read fails.
func (failing) Read([]byte) (int, error) { return 0, errOutage }

// TestExemptPaths: to the letter (CVE-2025-47910).
func TestExemptPaths(t *testing.T) {
	g := newGuarded(t, false, middleware.CSRFConfig{Exempt: middleware.ExemptPaths("/hook", "/a/b/")})
	v := g.visitor(t)
	for path, exempt := range map[string]bool{
		"/hook": true, "/hook?x=/other": true, "/a/b/": true,
		"/hook/": false, "//hook": false, "/./hook": false, "/x/../hook": false, "/ho%6Fk": false, "/hook%2F": false, "/HOOK": false,
		"/a/b": false, "/a%2Fb/": false, "/a/b/c": false, "/x?/hook": false, "/x/hook": false, "/hook;x": false, "/hook%00": false,
	} {
		r := request(t, "POST", g.URL, "")
		r.URL.Opaque = "//" + r.URL.Host + path // to the letter
		r.URL.Opaque, r.URL.RawQuery, _ = strings.Cut(r.URL.Opaque, "?")
		if response, _ := fetch(t, v.client, r); (response.StatusCode == 200) != exempt {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
	}
}
