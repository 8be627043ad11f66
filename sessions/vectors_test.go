package sessions_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coatcheck/coatcheck/internal/vectors"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
	"github.com/coatcheck/coatcheck/signing"
)

// record is a record of the topics sessions and session_expiry.
type record struct {
	Name, Backend  string
	Time           int64
	Now            any
	SecretKey      string   `json:"secret_key"`
	Fallbacks      []string `json:"fallbacks"`
	Salt           string
	KeySalt        string `json:"key_salt"`
	JSON           string
	SessionData    string `json:"session_data"`
	CookieValue    string `json:"cookie_value"`
	DecodedJSON    string `json:"decoded_json"`
	Compressed     bool
	Key            *string
	SessionKey     *string `json:"session_key"`
	Settings       settings
	StoredJSON     *string `json:"stored_json"`
	HasKey         bool    `json:"has_key"`
	Modified       bool
	Age            any
	Date           string
	BrowserClose   bool `json:"browser_close"`
	GetAge         any  `json:"get_expiry_age"`
	GetDate        string
	Error          *struct{ Msg string }
	vectors.Record `json:"-"`
}

type settings struct {
	CookieAge    int   `json:"SESSION_COOKIE_AGE"`
	BrowserClose bool  `json:"SESSION_EXPIRE_AT_BROWSER_CLOSE"`
	UseTZ        *bool `json:"USE_TZ"`
}

const (
	defaultSecret = "coatcheck-vector-secret-key-0123456789abcdefghijklmnopqrstuvwxyz"
	cookieSalt    = "django.contrib.sessions.backends.signed_cookies"
	listed        = "listed: "
)

// freeze waits, in a bubble, until the clock shows t.
func freeze(t time.Time) { time.Sleep(time.Until(t)) }

func (r *record) codec(t *testing.T, salt string) *sessions.Codec {
	t.Helper()
	if r.SecretKey == "" {
		r.SecretKey = defaultSecret
	}
	c, err := sessions.NewCodec(sessions.CodecConfig{
		Keys: signing.Keys{
			Secret:     r.SecretKey,
			Fallbacks:  r.Fallbacks,
			AcceptSHA1: strings.HasPrefix(r.Django(), "3."),
		},
		Salt: salt,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var checks = map[string]func(t *testing.T, r *record) string{
	"key_salt": func(_ *testing.T, r *record) string {
		want := sessions.DefaultSalt
		if strings.HasSuffix(r.Backend, "signed_cookies") || strings.Contains(r.Backend, "cache") && !strings.Contains(r.Backend, "cached_db") {
			return listed + "the salt of an engine that signs nothing, or signs cookies, is not the codec's default"
		}
		return differ(r.KeySalt, want)
	},
	"encode": func(t *testing.T, r *record) string {
		return checkCodec(t, r, r.codec(t, ""), r.SessionData)
	},
	"signed_cookie_session": func(t *testing.T, r *record) string {
		return checkCodec(t, r, r.codec(t, cookieSalt), r.CookieValue)
	},
	"decode":          checkDecode,
	"decode_fallback": checkDecode,
	"decode_pre31": func(t *testing.T, r *record) string {
		if strings.HasPrefix(r.Django(), "3.") {
			return listed + "the format of Django 3.0 and older; Django 4.0 dropped it too"
		}
		return checkDecode(t, r)
	},
	"session_key_valid": func(t *testing.T, r *record) string {
		e := mustEngine(t, sessions.Config{Store: sessionstest.NewMemory()})
		var sent, want string
		if r.Key != nil {
			sent = *r.Key
		}
		if r.SessionKey != nil {
			want = *r.SessionKey
		}
		return differ(string(e.Session(sent).Key()), want)
	},
	"signed_cookie_age": func(t *testing.T, r *record) string {
		s, err := signing.NewTimestamp(signing.Config{Key: defaultSecret, Salt: cookieSalt})
		if err != nil {
			t.Fatal(err)
		}
		var data json.RawMessage
		now := time.Unix(0, int64(r.Now.(float64)*1e9))
		if s.At(now).LoadsMaxAge(r.CookieValue, sessions.DefaultCookieAge, &data) != nil {
			data = json.RawMessage("{}")
		}
		return differ(string(data), strings.ReplaceAll(r.DecodedJSON, " ", ""))
	},
	"file_key": func(*testing.T, *record) string {
		return listed + "tested in package filestore, whose rule it is"
	},
	"set_expiry":  checkExpiry,
	"read_expiry": checkExpiry,
}

func checkCodec(t *testing.T, r *record, c *sessions.Codec, text string) string {
	data, err := c.Decode(text)
	wrong := differ(data.JSON(), r.JSON, fmt.Sprint(err), "<nil>")
	freeze(time.Unix(r.Time, 0))
	own, err := c.Encode(data)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Decode(own)
	wrong += differ(again.JSON(), r.JSON, fmt.Sprint(err), "<nil>")
	if strings.HasPrefix(own, ".") || strings.HasPrefix(text, ".") {
		return wrong // zlib's output, and so whether it is shorter, differs between libraries
	}
	return wrong + differ(own, text)
}

func checkDecode(t *testing.T, r *record) string {
	data, err := r.codec(t, "").Decode(r.SessionData)
	switch {
	case r.Error != nil && err != nil:
		return ""
	case strings.HasPrefix(r.DecodedJSON, "[") || strings.HasPrefix(r.DecodedJSON, "\"") || r.DecodedJSON == "null" || r.DecodedJSON == "1":
		if err == nil {
			return "a value that is no object was read"
		}
		return listed + "Django takes a value that is no object, and fails when it uses it; here the session is empty"
	}
	return differ(data.JSON(), r.DecodedJSON, fmt.Sprint(err == nil), fmt.Sprint(r.DecodedJSON != "{}"))
}

// checkExpiry stores what Django stored and compares what comes of it.
func checkExpiry(t *testing.T, r *record) string {
	if r.StoredJSON == nil || strings.HasPrefix(*r.StoredJSON, `"PY:`) {
		return listed + "Django 3.2 stores a Python datetime, which JSON cannot carry"
	}
	if strings.HasPrefix(r.Django(), "3.") && strings.HasPrefix(*r.StoredJSON, `"`) {
		return listed + "Django 3.2 does not know dates as text, and fails"
	}
	config := sessions.Config{
		Store: sessionstest.NewMemory(), CookieAge: time.Duration(r.Settings.CookieAge) * time.Second,
		ExpireAtBrowserClose: r.Settings.BrowserClose,
	}
	if r.Settings.UseTZ != nil && !*r.Settings.UseTZ {
		config.Location = time.UTC
	}
	now := parseTime(t, r.Now.(string))
	freeze(now)
	s := mustEngine(t, config).Session("")
	if *r.StoredJSON != "null" {
		if err := s.Set(t.Context(), "_session_expiry", json.RawMessage(*r.StoredJSON)); err != nil {
			return err.Error()
		}
	}
	age, ageErr := s.ExpiryAge(t.Context())
	date, dateErr := s.ExpiryDate(t.Context())
	atClose, _ := s.ExpiresAtBrowserClose(t.Context())
	if r.Kind() == "set_expiry" {
		if r.Error != nil {
			return differ(fmt.Sprint(errors.Is(errors.Join(ageErr, dateErr), sessions.ErrExpiry)), "true")
		}
		return differ(showAge(age, ageErr), wantAge(r.Age), showDate(date, dateErr), wantDate(t, r.Date), fmt.Sprint(atClose), fmt.Sprint(r.BrowserClose))
	}
	return checkRead(t, r, showAge(age, ageErr), showDate(date, dateErr), atClose)
}

func checkRead(t *testing.T, r *record, age, date string, atClose bool) string {
	wantA, wantD := "error", "error"
	if r.Has("get_expiry_age") {
		wantA = wantAge(r.GetAge)
	}
	if r.Has("get_expiry_date") {
		var text string
		r.Decode(t, "get_expiry_date", &text)
		wantD = wantDate(t, text)
	}
	var wantClose bool
	r.Decode(t, "get_expire_at_browser_close", &wantClose)
	wrong := differ(age, wantA, date, wantD, fmt.Sprint(atClose), fmt.Sprint(wantClose))
	if wrong != "" && (*r.StoredJSON == "[]" || *r.StoredJSON == "{}") {
		return listed + "an expiry that is neither number nor text is refused here"
	}
	return wrong
}

func showAge(d time.Duration, err error) string {
	if err != nil {
		return "error"
	}
	return fmt.Sprintf("%.6f", d.Seconds())
}

func wantAge(v any) string {
	switch v := v.(type) {
	case float64:
		return fmt.Sprintf("%.6f", v)
	case bool:
		return "1.000000"
	}
	return fmt.Sprint(v)
}

func showDate(at time.Time, err error) string {
	if err != nil {
		return "error"
	}
	return at.UTC().Format(time.RFC3339Nano)
}

func wantDate(t *testing.T, text string) string { return showDate(parseTime(t, text), nil) }

func parseTime(t *testing.T, text string) time.Time {
	t.Helper()
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at
		}
	}
	t.Fatalf("not a time: %q", text)
	return time.Time{}
}

func differ(pairs ...string) string {
	var wrong strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] != pairs[i+1] {
			fmt.Fprintf(&wrong, "got %.300q, want %.300q; ", pairs[i], pairs[i+1])
		}
	}
	return wrong.String()
}

func mustEngine(t *testing.T, c sessions.Config) *sessions.Engine {
	t.Helper()
	e, err := sessions.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestVectors(t *testing.T) {
	for _, topic := range []string{"sessions", "session_expiry"} {
		agreed := map[string]int{}
		for _, v := range vectors.Load(t, topic) {
			check := checks[v.Kind()]
			if check == nil {
				t.Errorf("%v: no check for this kind", v)
				continue
			}
			r := &record{Record: v}
			v.DecodeAll(t, r)
			r.Record = v
			var wrong string
			synctest.Test(t, func(t *testing.T) { wrong = check(t, r) })
			switch {
			case wrong == "":
				agreed[v.Kind()]++
			case strings.HasPrefix(wrong, listed):
				t.Logf("%v does not apply: %s", v, strings.TrimPrefix(wrong, listed))
			default:
				t.Errorf("%v: %s\n%.600s", v, wrong, v.JSON)
			}
		}
		t.Logf("%s agreed: %v", topic, agreed)
	}
}
