package auth_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/resettoken"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
)

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
			token, uid := r.MakeResetToken(u), resettoken.EncodeUID(u.ID)
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

func TestUserByUID(t *testing.T) {
	r := newRig(t)
	u := r.user("ada")
	for uid, want := range map[string]bool{
		resettoken.EncodeUID(u.ID): true, resettoken.EncodeUID(u.ID) + "==": true, "": false, "!": false, "M": false, "_w": false,
		resettoken.EncodeUID("2"): false, resettoken.EncodeUID("ada"): false, resettoken.EncodeUID("1\x00"): false,
		resettoken.EncodeUID("99999999999999999999"): false, strings.Repeat("MQ", 600): false,
	} {
		got, err := r.UserByUID(t.Context(), uid)
		if want && (err != nil || got.ID != u.ID) || !want && !errors.Is(err, auth.ErrNoUser) {
			t.Errorf("%.40q: %v, %v", uid, got, err)
		}
	}
	r.users.failWith(errOutage)
	if _, err := r.UserByUID(t.Context(), resettoken.EncodeUID(u.ID)); !errors.Is(err, errOutage) || errors.Is(err, auth.ErrNoUser) {
		t.Errorf("an outage: %v", err)
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
	u := &database.User{ID: "7", LastLogin: time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC)}
	for name, test := range map[string]struct {
		config auth.Config
		want   resettoken.Config
	}{
		"USE_TZ":                 {auth.Config{Users: openDB(t)}, resettoken.Config{}},
		"USE_TZ with TIME_ZONE":  {auth.Config{Users: openDB(t), TimeZone: berlin}, resettoken.Config{TimeZone: berlin}},
		"no USE_TZ":              {auth.Config{Users: naive}, resettoken.Config{TimeZone: berlin, LoginZone: berlin}},
		"a zone of the database": {auth.Config{Users: naive, TimeZone: time.UTC}, resettoken.Config{LoginZone: berlin}},
	} {
		test.config.Keys.Secret, test.config.Logger, test.config.Passwords = secretKey, quiet(), hashers(t, 1)
		s, err := auth.New(test.config)
		if err != nil {
			t.Fatal(err)
		}
		token := s.MakeResetToken(u)
		test.want.Keys.Secret = secretKey
		g, err := resettoken.New(test.want)
		if err != nil {
			t.Fatal(err)
		}
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
