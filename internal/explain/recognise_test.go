package explain_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/auth/resettoken"
	"github.com/coatcheck/coatcheck/csrf"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/explain"
	"github.com/coatcheck/coatcheck/internal/vectors"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/signing"
)

// legacyData is session data of Django 2.2.
var legacyData = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("0a", 20) + `:{"_auth_user_id":"1"}`))

// TestRecognise: everything that Django and Coatcheck make is recognised by its form.
func TestRecognise(t *testing.T) {
	signer, err := signing.NewTimestamp(signing.Config{Key: "a key for these tests"})
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := resettoken.New(resettoken.Config{Keys: signing.Keys{Secret: "a key for these tests"}})
	if err != nil {
		t.Fatal(err)
	}
	token, key, secret := tokens.Make(&database.User{ID: "7"}), sessions.NewKey(), csrf.NewSecret()
	for text, want := range map[string]explain.Kind{
		key:                                explain.SessionKey,
		"\ufeff" + key + "\r\n":            explain.SessionKey,
		signer.DumpsText(`{"a":1}`, false): explain.SessionData,
		signer.DumpsText(strings.Repeat(`{"a":"aaaa"}`, 99), true): explain.SessionData,
		legacyData:                                             explain.SessionData,
		legacyData[:40] + "\n" + legacyData[40:]:               explain.SessionData,
		secret.Text():                                          explain.CSRFToken,
		secret.Token():                                         explain.CSRFToken,
		"csrfmiddlewaretoken=" + secret.Token():                explain.CSRFToken,
		"X-CSRFToken: " + secret.Text():                        explain.CSRFToken,
		"Cookie: a=b; sessionid=" + key:                        explain.CookieHeader,
		"cookie:sessionid=" + key:                              explain.CookieHeader,
		"Set-Cookie: sessionid=" + key + "; Path=/; HttpOnly":  explain.CookieHeader,
		"sessionid=" + key + "; csrftoken=" + secret.Text():    explain.CookieHeader,
		"sessionid=":                                           explain.CookieHeader,
		"https://a.example/accounts/reset/Nw/" + token + "/":   explain.ResetLink,
		"https://a.example/reset/Nw/" + token + "?utm=1#x":     explain.ResetLink,
		"/accounts/reset/Nw/set-password/":                     explain.ResetLink,
		"Nw/" + token:                                          explain.ResetLink,
		"pbkdf2_sha256$1000000$salt$aGFzaA==":                  explain.PasswordHash,
		"argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdA$aGFzaA":  explain.PasswordHash,
		"bcrypt$$2b$12$abcdefghijklmnopqrstuuKkFeWnEcMnYQT8p2": explain.PasswordHash,
		"md5$$" + strings.Repeat("0a", 16):                     explain.PasswordHash,
		strings.Repeat("0a", 16):                               explain.PasswordHash,
		"own_hasher$x":                                         explain.PasswordHash,
		string(password.Unusable()):                            explain.PasswordHash,
		"!":                                                    explain.PasswordHash,
		"curl https://a.example/":                              explain.Curl,
		"curl.exe -b a=b https://a.example/":                   explain.Curl,
	} {
		thing, err := explain.Recognise([]byte(text), "")
		if err != nil || thing.Kind != want {
			t.Errorf("%.40q: %v, %v; want %s", text, thing, err, want)
		}
	}
	for text, want := range map[string]error{
		"": explain.ErrEmpty, " \n": explain.ErrEmpty, "hunter2": explain.ErrUnknown, "what is this": explain.ErrUnknown,
		key[:31]: explain.ErrUnknown, token: explain.ErrTokenAlone, "https://a.example/": explain.ErrUnknown,
		strings.Repeat("a", explain.MaxInput+1): explain.ErrTooLong, strings.Repeat("a", explain.MaxInput): explain.ErrUnknown,
	} {
		if thing, err := explain.Recognise([]byte(text), ""); !errors.Is(err, want) {
			t.Errorf("%.40q: %v, %v; want %v", text, thing, err, want)
		}
	}
	if thing, err := explain.Recognise([]byte("\xff\xfe\xfd"), ""); err == nil {
		t.Errorf("what is no text: %v", thing)
	}
}

// TestRecogniseVectors: the form of all password hashes and session data that real Djangos made.
func TestRecogniseVectors(t *testing.T) {
	seen := map[explain.Kind]int{}
	for suite, kind := range map[string]explain.Kind{"passwords": explain.PasswordHash, "sessions": explain.SessionData} {
		for _, v := range vectors.Load(t, suite) {
			var r struct {
				Encoded     string
				SessionData string `json:"session_data"`
				CookieValue string `json:"cookie_value"`
			}
			v.DecodeAll(t, &r)
			for _, text := range []string{r.Encoded, r.SessionData, r.CookieValue} {
				if hash := suite == "passwords"; text == "" || strings.ContainsAny(text, " \n") ||
					hash && !strings.HasPrefix(text, "!") && strings.IndexByte(text, '$') < 1 {
					continue // not what a hasher writes
				}
				if thing, err := explain.Recognise([]byte(text), ""); err == nil && thing.Kind == kind {
					seen[kind]++
				} else {
					t.Errorf("%v: %.60q: %v, %v", v, text, thing, err)
				}
			}
		}
	}
	if seen[explain.PasswordHash] < 20 || seen[explain.SessionData] < 20 {
		t.Errorf("recognised: %v", seen)
	}
}

// TestAs: a kind that is given is believed.
func TestAs(t *testing.T) {
	for _, kind := range []explain.Kind{
		explain.SessionKey, explain.SessionCookie, explain.SessionData, explain.CookieHeader,
		explain.PasswordHash, explain.CSRFToken,
	} {
		if thing, err := explain.Recognise([]byte("hunter2"), kind); err != nil || thing.Kind != kind {
			t.Errorf("%s: %v, %v", kind, thing, err)
		}
	}
	for _, kind := range []explain.Kind{explain.Curl, explain.ResetLink, "coat"} {
		if thing, err := explain.Recognise([]byte("hunter2"), kind); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, %v", kind, thing, err)
		}
	}
}

// FuzzRecognise: whatever the bytes, the outcome is a kind or an error, and neither shows them.
func FuzzRecognise(f *testing.F) {
	for _, text := range []string{
		"", "!", "curl", "curl 'https://a.example/' -b $'a=\\u0021' --data-raw x", "Cookie: a=b", "a/1-00000000/",
		"pbkdf2_sha256$1$a$b", "a:b:cccccccc", legacyData, "\xff\xfea\x00", "curl ^\"http://a^\" ^\n -H ^\"a: b^\"",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		thing, err := explain.Recognise(raw, "")
		if (thing == nil) == (err == nil) {
			t.Fatalf("%v, %v", thing, err)
		}
		shown := fmt.Sprintf("%v %+v %#v %v", thing, thing, thing, err)
		if text := strings.TrimSpace(string(raw)); len(text) > 24 && strings.Contains(shown, text) {
			t.Errorf("what was given is shown: %s", shown)
		}
	})
}
