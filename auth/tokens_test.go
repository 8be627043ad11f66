package auth_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/vectors"
	"github.com/coatcheck/coatcheck/password"
)

func generator(t testing.TB, c auth.TokenConfig) *auth.PasswordResetTokenGenerator {
	t.Helper()
	if c.SecretKey == "" {
		c.SecretKey = secretKey
	}
	g, err := auth.NewPasswordResetTokenGenerator(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestResetTokenEnds: a token ends with each of what it is bound to, also when
// that went through the database, and with nothing else.
func TestResetTokenEnds(t *testing.T) {
	for name, test := range map[string]struct {
		change func(r *rig, u *auth.User) error
		ends   bool
	}{
		"nothing":  {func(*rig, *auth.User) error { return nil }, false},
		"password": {func(r *rig, u *auth.User) error { return r.SetPassword(t.Context(), u, "secret") }, true}, // the same: another salt
		"login": {func(r *rig, u *auth.User) error {
			r.browser().login(u.ID)
			return nil
		}, true},
		"email": {func(r *rig, u *auth.User) error {
			u.Email = "other@example.com"
			return r.db.UpdateUser(t.Context(), u)
		}, true},
		"username": {func(r *rig, u *auth.User) error {
			u.Username = "other"
			return r.db.UpdateUser(t.Context(), u)
		}, false},
		"inactive": {func(r *rig, u *auth.User) error {
			u.IsActive = false
			return r.db.UpdateUser(t.Context(), u)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			u := r.user("ada")
			other := r.user("bea")
			token, uid := r.MakeResetToken(u), auth.EncodeUID(u.ID)
			if len(token) != 39 {
				t.Errorf("%q has %d characters", token, len(token))
			}
			if r.CheckResetToken(other, token) || r.CheckResetToken(auth.AnonymousUser(), token) || r.CheckResetToken(nil, token) {
				t.Error("the token is another's too")
			}
			if err := test.change(r, u); err != nil {
				t.Fatal(err)
			}
			fresh, err := r.UserByUID(t.Context(), uid)
			if err != nil {
				t.Fatal(err)
			}
			if r.CheckResetToken(fresh, token) == test.ends {
				t.Errorf("the token is good: %v", test.ends)
			}
		})
	}
}

func TestResetTokenTime(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	u := &auth.User{ID: "7", Email: "a@example.com"}
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
		g := generator(t, auth.TokenConfig{Timeout: test.timeout, TimeZone: test.zone})
		g.SetNow(func() time.Time { return made })
		token := g.Make(u)
		g.SetNow(func() time.Time { return made.Add(test.later) })
		if g.Check(u, token) != test.want {
			t.Errorf("after %v of %v in %v: %v", test.later, test.timeout, test.zone, !test.want)
		}
	}
}

// TestResetTokenZones: the Service takes the zone of the last login from the
// database, and that of the clock too where the configuration has none.
func TestResetTokenZones(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	naive, err := sqlite.Config{DSN: ":memory:", Location: berlin}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer naive.Close()
	u := &auth.User{ID: "7", LastLogin: time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC)}
	for name, test := range map[string]struct {
		config auth.Config
		want   auth.TokenConfig
	}{
		"USE_TZ":                 {auth.Config{Users: openDB(t)}, auth.TokenConfig{}},
		"USE_TZ with TIME_ZONE":  {auth.Config{Users: openDB(t), TimeZone: berlin}, auth.TokenConfig{TimeZone: berlin}},
		"no USE_TZ":              {auth.Config{Users: naive}, auth.TokenConfig{TimeZone: berlin, LoginZone: berlin}},
		"a zone of the database": {auth.Config{Users: naive, TimeZone: time.UTC}, auth.TokenConfig{LoginZone: berlin}},
	} {
		test.config.SecretKey, test.config.Logger, test.config.Passwords = secretKey, quiet(), hashers(t, 1)
		s, err := auth.New(test.config)
		if err != nil {
			t.Fatal(err)
		}
		token := s.MakeResetToken(u)
		g := generator(t, test.want)
		same := false // the second may just have changed
		for range 3 {
			same = same || token == g.Make(u)
			token = s.MakeResetToken(u)
		}
		if !same {
			t.Errorf("%s: %s, want %s", name, token, g.Make(u))
		}
	}
}

func TestResetTokenKeys(t *testing.T) {
	u := &auth.User{ID: "7", Password: "x"}
	old := generator(t, auth.TokenConfig{SecretKey: "old"}).Make(u)
	for name, test := range map[string]struct {
		config auth.TokenConfig
		want   bool
	}{
		"the key":            {auth.TokenConfig{SecretKey: "old"}, true},
		"another key":        {auth.TokenConfig{SecretKey: "new"}, false},
		"a fallback":         {auth.TokenConfig{SecretKey: "new", SecretKeyFallbacks: []string{"newer", "old"}}, true},
		"of another purpose": {auth.TokenConfig{SecretKey: "old", KeySalt: "email"}, false},
	} {
		if generator(t, test.config).Check(u, old) != test.want {
			t.Errorf("%s: %v", name, !test.want)
		}
	}
	for _, broken := range []auth.TokenConfig{{}, {SecretKey: "k", SecretKeyFallbacks: []string{""}}, {SecretKey: "k", Timeout: -1}} {
		if _, err := auth.NewPasswordResetTokenGenerator(broken); err == nil {
			t.Errorf("%#v with %d fallbacks was taken", broken, len(broken.SecretKeyFallbacks))
		}
	}
	config := auth.TokenConfig{SecretKey: canary, SecretKeyFallbacks: []string{canary}}
	for _, v := range []any{config, &config, generator(t, config)} {
		if text := printed(v); strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) {
			t.Errorf("%T prints its secret: %s", v, text)
		}
	}
}

func TestUserByUID(t *testing.T) {
	r := newRig(t)
	u := r.user("ada")
	for uid, want := range map[string]bool{
		auth.EncodeUID(u.ID): true, auth.EncodeUID(u.ID) + "==": true, "": false, "!": false, "M": false, "_w": false,
		auth.EncodeUID("2"): false, auth.EncodeUID("ada"): false, auth.EncodeUID("1\x00"): false,
		auth.EncodeUID("99999999999999999999"): false, strings.Repeat("MQ", 600): false,
	} {
		got, err := r.UserByUID(t.Context(), uid)
		if want && (err != nil || got.ID != u.ID) || !want && !errors.Is(err, auth.ErrNoUser) {
			t.Errorf("%.40q: %v, %v", uid, got, err)
		}
	}
	r.users.failWith(errOutage)
	if _, err := r.UserByUID(t.Context(), auth.EncodeUID(u.ID)); !errors.Is(err, errOutage) || errors.Is(err, auth.ErrNoUser) {
		t.Errorf("an outage: %v", err)
	}
}

// FuzzResetToken: no text but the token itself is taken for it.
func FuzzResetToken(f *testing.F) {
	users := []*auth.User{{ID: "7", Email: "a@example.com"}, {ID: "78", Password: password.Hash("x")}, {}}
	g := generator(f, auth.TokenConfig{SecretKeyFallbacks: []string{"old"}, AcceptSHA1: true})
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
		decimal, _, ok := auth.ParseTimestamp(stamp)
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
		if id, err := auth.DecodeUID(text); err == nil && (len(id) > len(text) || id != strings.ToValidUTF8(id, "")) {
			t.Errorf("%q is read as %q", text, id)
		}
		uid := auth.EncodeUID(text)
		id, err := auth.DecodeUID(uid)
		if valid := text == strings.ToValidUTF8(text, "") && len(uid) <= 1024; valid != (err == nil) || valid && id != text {
			t.Errorf("%q is written as %q and read as %q, %v", text, uid, id, err)
		}
		if strings.ContainsAny(uid, "/+=") {
			t.Errorf("%q does not belong into a URL", uid)
		}
	})
}
