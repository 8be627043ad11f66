package requestinfo

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

const (
	linkToken  = "EVFH4LJPSW7RH5ZATEWAAWPO5V"
	resetToken = "dimlty-575cc2b9c9618ca5c5ed6616c11d6446"
	sessionKey = "mpjs55keeefwxi0sxvqesc3u31bm63f0"
)

func TestLogPath(t *testing.T) {
	for path, want := range map[string]string{
		"/":      "/",
		"/shop/": "/shop/",
		"/orders/5f0c1f8e-8a52-4b1e-9d6b-0f3f6f0a9c11/":                         "/orders/5f0c1f8e-8a52-4b1e-9d6b-0f3f6f0a9c11/",
		"/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV/":                                   "/orders/01ARZ3NDEKTSV4RRFFQ69G5FAV/",
		"/blog/a-very-long-title-of-many-words-with-hyphens/":                   "/blog/a-very-long-title-of-many-words-with-hyphens/",
		"/日本語の長い題名がここにあります/":                                                    "/日本語の長い題名がここにあります/",
		"/accounts/password_change/done/":                                       "/accounts/password_change/done/",
		"/accounts/reset/MQ/set-password/":                                      "/accounts/reset/MQ/set-password/",
		"/accounts/reset/MQ/dimlty-575cc2b9c9618ca5c5ed6616c11d6446/":           "/accounts/reset/MQ/diml…/",
		"/accounts/reset/MQ/dimlty-575cc2b9c9618ca5c5ed6616c11d6446":            "/accounts/reset/MQ/diml…",
		"/accounts/not-me/EVFH4LJPSW7RH5ZATEWAAWPO5V/":                          "/accounts/not-me/EVFH…/",
		"/accounts/signup/confirm/EVFH4LJPSW7RH5ZATEWAAWPO5V/":                  "/accounts/signup/confirm/EVFH…/",
		"/accounts/invitation/EVFH4LJPSW7RH5ZATEWAAWPO5V/x":                     "/accounts/invitation/EVFH…/x",
		"/accounts/email/confirm/EVFH4LJPSW7RH5ZATEWAAWPO5V/EVFH4LJPSW7RH5ZATE": "/accounts/email/confirm/EVFH…/EVFH4LJPSW7RH5ZATE",
		"/konto/accounts/not-me/" + strings.Repeat("é", 13):                     "/konto/accounts/not-me/éé…",
		"/konto/not-me/EVFH4LJPSW7RH5ZATEWAAWPO5V/":                             "/konto/not-me/EVFH…/",
		"/neu/MQ/dimlty-575cc2b9c9618ca5c5ed6616c11d6446/":                      "/neu/MQ/diml…/",
		"/api/mpjs55keeefwxi0sxvqesc3u31bm63f0":                                 "/api/mpjs…",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path = path
		if got := LogPath(r); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

// TestLogPathDisfigured: email programs and proxies glue characters to a
// link, change its case or encode it again; the token still works, or can be told.
func TestLogPathDisfigured(t *testing.T) {
	for _, token := range []string{linkToken, resetToken, sessionKey} {
		twice := func(code string) string {
			var b strings.Builder
			for _, c := range []byte(token) {
				fmt.Fprintf(&b, "%%%s%02X", code, c)
			}
			return b.String()
		}
		for _, segment := range []string{
			token, strings.ToLower(token), strings.ToUpper(token), token + ".", token + ")", "<" + token + ">", "x" + token + "9",
			token + "%2F", token + "?", token + "?q=" + token, "=3D" + token, token[:9] + "=" + token[9:], token[:9] + "\u00ad" + token[9:],
			token[:9] + "\r\n" + token[9:], "\u201e" + token + "\u201c", token + token, twice(""), twice("25"), twice("2525"),
			"%2%3" + twice(""), strings.Repeat("%25", 3000) + "2525",
		} {
			for _, before := range []string{"/", "/konto/not-me", "/konto/not-me/", "/accounts/not-me/", "/accounts/not-me", "/x/accounts/"} {
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.URL.Path = before + segment
				checkHidden(t, "path "+r.URL.Path, LogPath(r), token)
				checkHidden(t, "URL", LogURL("https://user:secret@www.example.com"+before+segment+"#"+token), token)
				checkHidden(t, "text", LogText("failed: "+before+segment+": sorry"), token)
			}
		}
	}
}

func checkHidden(t *testing.T, what, got, token string) {
	t.Helper()
	plain := got
	for range maxDecodings {
		plain = decode(plain)
	}
	plain = strings.ToLower(visible(plain))
	for i := range len(token) - 8 {
		if strings.Contains(plain, strings.ToLower(token[i:i+8])) {
			t.Fatalf("%s: %q has a part of the token %s", what, got, token)
		}
	}
	if strings.Contains(plain, "secret") || strings.Contains(plain, "q=") {
		t.Errorf("%s: %q has the user or the query", what, got)
	}
}

// TestLongText: what a client sends costs little to log, and no token is cut in half.
func TestLongText(t *testing.T) {
	long := strings.Repeat("/x", maxText/2-10)
	for text, want := range map[string]string{
		long + "/" + linkToken + "/":                                 long + "/…",
		"/konto/" + strings.Repeat("x", maxText):                     "/konto/…",
		strings.Repeat("x", maxText+1):                               "xxxx…",
		"the table is full: " + strings.Repeat("no room, ", maxText): "",
	} {
		got := LogText(text)
		if want != "" && got != want || len(got) > maxText+len("…") {
			t.Errorf("%.40s: %d bytes, %.40s", text, len(got), got)
		}
		checkHidden(t, text[:9], got, linkToken)
	}
}

func TestLogURLs(t *testing.T) {
	for text, want := range map[string][2]string{
		"https://a.example:81/x/?q=1#f":         {"https://a.example:81/x/…", "https://a.example:81"},
		"https://ada:pw@a.example":              {"https://a.example", "https://a.example"},
		`https://a.example\x`:                   {`https://a.example\x`, "https://a.example"},
		"/accounts/profile/?next=/secret/":      {"/accounts/profile/…", "…"},
		"null":                                  {"null", "null"},
		"":                                      {"", ""},
		"/go?to=https://a.example/" + linkToken: {"/go…", "…"},
		"javascript:" + linkToken:               {"javascript:EVFH…", "javascript:EVFH…"},
		"https://a.example/not-me/" + linkToken + "/": {"https://a.example/not-me/EVFH…/", "https://a.example"},
	} {
		if got := [2]string{LogURL(text), LogOrigin(text)}; got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestLogError(t *testing.T) {
	plain := errors.New("the store is on fire")
	if got := LogError(plain); got != plain {
		t.Errorf("%v", got)
	}
	called := &url.Error{Op: "Get", URL: "https://a.example/x?key=hush", Err: plain}
	if got := fmt.Sprint(LogError(fmt.Errorf("ask: %w", called))); got != `ask: Get "https://a.example": the store is on fire` {
		t.Error(got)
	}
	if got := fmt.Sprint(LogError(errors.New("no such key: " + sessionKey))); got != "no such key: mpjs…" {
		t.Error(got)
	}
}
