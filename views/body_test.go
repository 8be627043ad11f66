package views_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What cannot be read is refused with a sentence, before any password is looked at.
func TestBodiesAreBounded(t *testing.T) {
	s := newSite(t)
	const form, js = "application/x-www-form-urlencoded", "application/json"
	good := "username=ada&password=" + canary
	for _, tt := range []struct {
		name, kind, body string
		status           int
		want             string
	}{
		{"65,536 bytes", form, good + "&x=" + strings.Repeat("x", 1<<16-len(good)-3), 401, "Invalid credentials"},
		{"65,537 bytes", form, good + "&x=" + strings.Repeat("x", 1<<16-len(good)-2), 413, "This request is too large: at most 64 KiB can be sent here."},
		{"1,000 fields", form, good + strings.Repeat("&x=1", 998), 401, "Invalid credentials"},
		{"1,001 fields", form, good + strings.Repeat("&x=1", 999), 400, "This request has too many fields: at most 1,000 can be sent here."},
		{"1,001 members", js, `{"username":"ada"` + members(1000) + `}`, 400, "This request has too many fields: at most 1,000 can be sent here."},
		{"deep JSON", js, strings.Repeat("[", 30_000), 400, notJSON},
		{"no object", js, `["username"]`, 400, notJSON},
		{"null", js, `null`, 400, notJSON},
		{"nothing", js, ``, 400, notJSON},
		{"two objects", js, `{}{}`, 400, notJSON},
		{"a cut object", js, `{"username":"ada"`, 400, notJSON},
		{"not UTF-8 in JSON", js, "{\"username\":\"\xff\"}", 400, notUTF8},
		{"half a pair", js, `{"username":"ada","password":"\ud800"}`, 400, notUTF8},
		{"not UTF-8", form, "username=\xff", 400, notUTF8},
		{"not UTF-8, encoded", form, "username=%ff", 400, notUTF8},
		{"bad escape", form, "username=%zz", 400, "The form that was sent is not well-formed."},
		{"text", "text/plain", good, 415, badType},
		{"multipart", "multipart/form-data; boundary=x", "--x--", 415, badType},
		{"no type", "", good, 415, badType},
		{"bad type", ";;", good, 415, badType},
		{"Latin-1", form + "; charset=iso-8859-1", good, 415, badType},
		{"UTF-8 by name", form + "; charset=UTF-8", good, 401, "Invalid credentials"},
		{"a semicolon separates nothing", form, "username=ada;password=x", 400, "Password: This field is required."},
		{"the last one counts", form, "username=&username=ada&password=x", 401, "Invalid credentials"},
		{"the last one counts in JSON", js, `{"username":"","username":"ada","password":"x"}`, 401, "Invalid credentials"},
		{"a plus is a blank", form, "username=+&password=x", 400, "Username: This field is required."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := s.program(t).do("POST", "/accounts/login/", tt.kind, tt.body)
			if a.StatusCode != tt.status || !strings.Contains(a.text, `"error":`+quoted(tt.want)) {
				t.Errorf("%d %s", a.StatusCode, a.text)
			}
			if tt.status == 413 || tt.status == 415 {
				page := s.browser(t).do("POST", "/accounts/login/", tt.kind, tt.body)
				if page.StatusCode != tt.status || !strings.Contains(page.page(t).one("main").text(), tt.want) {
					t.Errorf("page: %d %s", page.StatusCode, page.text)
				}
			}
		})
	}
}

const (
	notJSON = `The JSON that was sent is not well-formed; it must be one object, such as {"username": "ada"}.`
	notUTF8 = "The request is not text in UTF-8."
	badType = "Send a form (application/x-www-form-urlencoded) or JSON (application/json), in UTF-8."
)

func members(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`,"` + strings.Repeat("x", i%9) + string(rune('a'+i%26)) + string(rune('a'+i/26)) + `":1`)
	}
	return b.String()
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }

// A request that ends too early is refused.
func TestBodyCutOff(t *testing.T) {
	s := newSite(t)
	w := httptest.NewRecorder()
	r, _ := http.NewRequestWithContext(t.Context(), "POST", "http://example.com/accounts/login/", &cut{})
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	s.chain(t, engine(t, s.db))(s.views).ServeHTTP(w, r)
	if w.Code != 400 || !strings.Contains(w.Body.String(), "ended too early") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

type cut struct{}

func (*cut) Read([]byte) (int, error) { return 0, http.ErrBodyReadAfterClose }
