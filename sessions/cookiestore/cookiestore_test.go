package cookiestore_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/vectors"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cookiestore"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
	"github.com/coatcheck/coatcheck/signing"
)

func open(t *testing.T, c cookiestore.Config) *cookiestore.Store {
	t.Helper()
	if c.Signing.Keys.Secret == "" {
		c.Signing.Keys.Secret = "a key for these tests"
	}
	s, err := cookiestore.NewIrrevocable(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	sessionstest.TestIrrevocable(t, func(t *testing.T) sessions.Store { return open(t, cookiestore.Config{}) })
}

func cookie(t *testing.T, s sessions.Store, text string) string {
	t.Helper()
	data, err := sessions.ParseData(text)
	if err != nil {
		t.Fatal(err)
	}
	r := &sessions.Record{Data: data}
	if err := s.Create(t.Context(), "", r); err != nil {
		t.Fatal(err)
	}
	return r.Key
}

func TestEnd(t *testing.T) {
	for _, tt := range []struct {
		text  string
		after time.Duration
		alive bool
	}{
		{`{"a":1}`, time.Hour - time.Second, true},
		{`{"a":1}`, time.Hour + time.Second, false},
		{`{"_session_expiry":60}`, 59 * time.Second, true},
		{`{"_session_expiry":60}`, 61 * time.Second, false},
		{`{"_session_expiry":7200}`, time.Hour - time.Second, true},
		{`{"_session_expiry":7200}`, time.Hour + time.Second, false},
		{`{"_session_expiry":0}`, time.Hour - time.Second, true},
		{`{"_session_expiry":"soon"}`, time.Hour - time.Second, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := open(t, cookiestore.Config{CookieAge: time.Hour})
			key := cookie(t, s, tt.text)
			time.Sleep(tt.after)
			r, err := s.Load(t.Context(), key)
			if err != nil || (r.Data.Len() == 1) != tt.alive || r.Replace == tt.alive || r.Corrupt != nil {
				t.Errorf("%s after %v: %v, %v", tt.text, tt.after, r, err)
			}
		})
	}
}

// TestState: the flow says of a cookie that is too old that it has expired, of one that was not
// signed here that there is no session, and of the others that they were loaded.
func TestState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, cookiestore.Config{CookieAge: time.Hour})
		e, err := sessions.New(sessions.Config{Store: s, CookieAge: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		key, made := cookie(t, s, `{"a":1}`), time.Now()
		check := func(what, key string, want flow.Code, stored time.Time) {
			session, trace := e.Session(key), flow.NewTrace()
			if code, err := session.State(flow.WithSink(t.Context(), trace)); code != want || err != nil {
				t.Errorf("%s: %s, %v; want %s", what, code, err, want)
			}
			if events := trace.Events(); len(events) != 1 || events[0].Code != want {
				t.Errorf("%s: the flow has %v, want %s", what, events, want)
			}
			if _, expires, err := s.Stored(t.Context(), key); !expires.Equal(stored) || err != nil {
				t.Errorf("%s: it ends at %v, %v; want %v", what, expires, err, stored)
			}
			session.Clear()
			if code, err := session.State(t.Context()); code != "session.loaded" || err != nil {
				t.Errorf("%s, cleared: %s, %v", what, code, err)
			}
		}
		check("good", key, "session.loaded", made.Add(time.Hour))
		check("changed", key+"x", "session.missing", time.Time{})
		check("without data", cookie(t, s, `{}`), "session.loaded", made.Add(time.Hour))
		time.Sleep(time.Hour + time.Second)
		check("too old", key, "session.expired", made.Add(time.Hour))
	})
}

func TestTooLarge(t *testing.T) {
	s := open(t, cookiestore.Config{CookieName: "sessionid"})
	noise := ""
	for len(noise) < 8000 { // what compression does not help
		noise += rand.Text()
	}
	data, err := sessions.ParseData(`{"a":"` + noise + `"}`)
	if err != nil {
		t.Fatal(err)
	}
	largest := 0
	for n := 2000; n < 8000; n += 7 {
		if err := data.Set("a", `"`+noise[:n]+`"`); err != nil {
			t.Fatal(err)
		}
		r := &sessions.Record{Data: data}
		err := s.Create(t.Context(), "", r)
		switch {
		case err == nil:
			largest = max(largest, len("sessionid")+len(r.Key))
		case !errors.Is(err, sessions.ErrTooLarge):
			t.Fatal(err)
		}
	}
	if err := data.Set("a", `"`+noise+noise+`"`); err != nil {
		t.Fatal(err)
	}
	if err := s.Create(t.Context(), "", &sessions.Record{Data: data}); !errors.Is(err, sessions.ErrTooLarge) {
		t.Errorf("16,000 characters: %v", err)
	}
	if largest < 4000 || largest > cookiestore.MaxCookie {
		t.Errorf("the largest cookie that was made has %d bytes", largest)
	}
}

// TestLogoutCannotReachACopy checks what the package's comment warns of.
func TestLogoutCannotReachACopy(t *testing.T) {
	s := open(t, cookiestore.Config{})
	e, err := sessions.New(sessions.Config{Store: s})
	if err != nil {
		t.Fatal(err)
	}
	copied := cookie(t, s, `{"_auth_user_id":"1"}`)
	if err := e.Session(copied).Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if id, err := e.Session(copied).Text(t.Context(), "_auth_user_id"); err != nil || id != "1" {
		t.Errorf("%q, %v", id, err)
	}
}

// TestOtherSalts: what is signed for other ends is no session.
func TestOtherSalts(t *testing.T) {
	codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: "a key for these tests"}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := sessions.ParseData(`{"_auth_user_id":"1"}`)
	if err != nil {
		t.Fatal(err)
	}
	text, err := codec.Encode(data)
	if err != nil {
		t.Fatal(err)
	}
	r, err := open(t, cookiestore.Config{}).Load(t.Context(), text)
	if err != nil || r.Data.Len() != 0 || !r.Replace {
		t.Errorf("%v, %v", r, err)
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := cookiestore.NewIrrevocable(cookiestore.Config{}); err == nil {
		t.Error("a store without a key was made")
	}
}

func TestVectors(t *testing.T) {
	const secret = "coatcheck-vector-secret-key-0123456789abcdefghijklmnopqrstuvwxyz"
	agreed := map[string]int{}
	for _, v := range vectors.Load(t, "sessions") {
		var r struct {
			Backend     string
			KeySalt     string `json:"key_salt"`
			JSON        string
			CookieValue string `json:"cookie_value"`
			DecodedJSON string `json:"decoded_json"`
			Time        int64
			Now         any
			Modified    bool
		}
		v.DecodeAll(t, &r)
		if v.Kind() == "key_salt" && strings.HasSuffix(r.Backend, "signed_cookies") {
			t.Logf("%v does not apply: the engine has a salt %q and does not use it", v, r.KeySalt)
			continue
		}
		var now time.Time
		switch v.Kind() {
		case "signed_cookie_session":
			now, r.DecodedJSON = time.Unix(r.Time, 0), r.JSON
		case "signed_cookie_age":
			now = time.Unix(0, int64(r.Now.(float64)*1e9))
		default:
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(now))
			s := open(t, cookiestore.Config{Signing: sessions.CodecConfig{Keys: signing.Keys{Secret: secret, AcceptSHA1: strings.HasPrefix(v.Django(), "3.")}}})
			got, err := s.Load(t.Context(), r.CookieValue)
			want := r.DecodedJSON
			if v.Kind() == "signed_cookie_age" {
				want = strings.ReplaceAll(want, " ", "")
			}
			if err != nil || got.Data.JSON() != want || got.Replace != r.Modified {
				t.Errorf("%v: %s, %+v, %v", v, got.Data.JSON(), got.Replace, err)
				return
			}
			if v.Kind() == "signed_cookie_session" && !strings.HasPrefix(r.CookieValue, ".") {
				if own := cookie(t, s, want); own != r.CookieValue && !strings.HasPrefix(own, ".") {
					t.Errorf("%v: wrote %s, want %s", v, own, r.CookieValue)
				}
			}
			agreed[v.Kind()]++
		})
	}
	if fmt.Sprint(agreed) == "map[]" {
		t.Error("nothing was compared")
	}
	t.Logf("agreed: %v", agreed)
}
