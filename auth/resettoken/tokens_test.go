package resettoken_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth/resettoken"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/vectors"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/signing"
)

const (
	secretKey = "a secret key of the tests, long enough for everything"
	canary    = "CANARY-that-nobody-may-see"
)

func generator(t testing.TB, c resettoken.Config) *resettoken.Generator {
	t.Helper()
	if c.Keys.Secret == "" {
		c.Keys.Secret = secretKey
	}
	g, err := resettoken.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestResetTokenTime(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	u := &database.User{ID: "7", Email: "a@example.com"}
	made := time.Date(2026, 3, 28, 23, 30, 0, 0, time.UTC) // summer time begins an hour and a half later
	for _, test := range []struct {
		timeout, later time.Duration
		zone           *time.Location
		want           bool
	}{
		{0, 72 * time.Hour, time.UTC, true},
		{0, 72*time.Hour + time.Second, time.UTC, false},
		{0, -1000 * time.Hour, time.UTC, true}, // as in Django, the future is no fault
		{time.Hour, time.Hour, nil, true},
		{time.Hour + time.Millisecond, time.Hour + time.Second, nil, false},
		{time.Nanosecond, 0, nil, true},
		{time.Nanosecond, time.Second, nil, false},
		{3 * time.Hour, 3 * time.Hour, berlin, false}, // the clock on the wall went on by four
		{3 * time.Hour, 2 * time.Hour, berlin, true},
	} {
		g := generator(t, resettoken.Config{Timeout: test.timeout, TimeZone: test.zone})
		g.SetNow(func() time.Time { return made })
		token := g.Make(u)
		g.SetNow(func() time.Time { return made.Add(test.later) })
		if g.Check(u, token) != test.want {
			t.Errorf("after %v of %v in %v: %v", test.later, test.timeout, test.zone, !test.want)
		}
		reason := resettoken.ErrExpired
		if test.want {
			reason = nil
		}
		if at, err := g.Verify(u, token); !at.Equal(made) || !errors.Is(err, reason) {
			t.Errorf("made at %v, %v; want %v, %v", at, err, made, reason)
		}
	}
}

// TestResetTokenReasons: a token says why it is not good, in Django's order.
func TestResetTokenReasons(t *testing.T) {
	u := &database.User{ID: "7", Email: "a@example.com"}
	g := generator(t, resettoken.Config{Timeout: time.Hour})
	token, made := g.Make(u), time.Now()
	g.SetNow(func() time.Time { return made.Add(2 * time.Hour) })
	for text, want := range map[string]error{
		"": resettoken.ErrMalformed, "x": resettoken.ErrMalformed, "-" + token: resettoken.ErrMalformed,
		strings.Repeat("z", 13) + "-x": resettoken.ErrMismatch, // which a year of four digits cannot hold
		token + "0":                    resettoken.ErrMismatch, token: resettoken.ErrExpired,
	} {
		at, err := g.Verify(u, text)
		if !errors.Is(err, want) || at.Year() > 9999 {
			t.Errorf("%q: %v, %v; want %v", text, at, err, want)
		}
	}
	if _, err := g.Verify(nil, token); !errors.Is(err, resettoken.ErrMalformed) {
		t.Errorf("nobody's: %v", err)
	}
}

func TestResetTokenKeys(t *testing.T) {
	u := &database.User{ID: "7", Password: "x"}
	old := generator(t, resettoken.Config{Keys: signing.Keys{Secret: "old"}}).Make(u)
	for name, test := range map[string]struct {
		config resettoken.Config
		want   bool
	}{
		"the key":            {resettoken.Config{Keys: signing.Keys{Secret: "old"}}, true},
		"another key":        {resettoken.Config{Keys: signing.Keys{Secret: "new"}}, false},
		"a fallback":         {resettoken.Config{Keys: signing.Keys{Secret: "new", Fallbacks: []string{"newer", "old"}}}, true},
		"of another purpose": {resettoken.Config{Keys: signing.Keys{Secret: "old"}, KeySalt: "email"}, false},
	} {
		if generator(t, test.config).Check(u, old) != test.want {
			t.Errorf("%s: %v", name, !test.want)
		}
	}
	for _, broken := range []resettoken.Config{{}, {Keys: signing.Keys{Secret: "k", Fallbacks: []string{""}}}, {Keys: signing.Keys{Secret: "k"}, Timeout: -1}} {
		if _, err := resettoken.New(broken); err == nil {
			t.Errorf("%#v with %d fallbacks was taken", broken, len(broken.Keys.Fallbacks))
		}
	}
	config := resettoken.Config{Keys: signing.Keys{Secret: canary, Fallbacks: []string{canary}}}
	for _, v := range []any{config, &config, generator(t, config)} {
		text := fmt.Sprintf("%v %+v %#v %s %x", v, v, v, v, v)
		if strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) {
			t.Errorf("%T prints its secret: %s", v, text)
		}
	}
}

// FuzzResetToken: no text but the token itself is taken for it.
func FuzzResetToken(f *testing.F) {
	users := []*database.User{{ID: "7", Email: "a@example.com"}, {ID: "78", Password: password.Hash("x")}, {}}
	g := generator(f, resettoken.Config{Keys: signing.Keys{Fallbacks: []string{"old"}, AcceptSHA1: true}})
	noon := time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)
	g.SetNow(func() time.Time { return noon })
	for i, r := range vectors.Load(f, "reset_tokens") {
		if token, ok := "", r.Has("token") && !r.IsNull("token"); ok && i%10 == 0 {
			token, _ = r.Text(f, "token")
			f.Add(token)
		}
	}
	for _, u := range users {
		f.Add(g.Make(u))
	}
	f.Add("zzzzzzzzzzzzz-" + strings.Repeat("0", 32))
	f.Fuzz(func(t *testing.T, token string) {
		stamp, _, _ := strings.Cut(token, "-")
		decimal, _, ok := resettoken.ParseTimestamp(stamp)
		if ok && (len(decimal) > 21 || strings.Trim(decimal, "0123456789") != "") {
			t.Errorf("%q is read as %q", stamp, decimal)
		}
		for i, u := range users {
			if g.Check(u, token) && (i == 2 || token != g.Make(u)) {
				t.Errorf("%q is a token of user %d", token, i)
			}
		}
	})
}

// FuzzUID: what is read is text, and what is written is read as it was.
func FuzzUID(f *testing.F) {
	for _, r := range vectors.Load(f, "reset_tokens") {
		for _, field := range []string{"input", "value"} {
			if r.Has(field) && strings.HasPrefix(r.Kind(), "uid") {
				text, _ := r.Text(f, field)
				f.Add(text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if id, err := resettoken.DecodeUID(text); err == nil && (len(id) > len(text) || id != strings.ToValidUTF8(id, "")) {
			t.Errorf("%q is read as %q", text, id)
		}
		uid := resettoken.EncodeUID(text)
		id, err := resettoken.DecodeUID(uid)
		if valid := text == strings.ToValidUTF8(text, "") && len(uid) <= 1024; valid != (err == nil) || valid && id != text {
			t.Errorf("%q is written as %q and read as %q, %v", text, uid, id, err)
		}
		if strings.ContainsAny(uid, "/+=") {
			t.Errorf("%q does not belong into a URL", uid)
		}
	})
}
