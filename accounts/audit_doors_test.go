package accounts_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/featuretest"
	"github.com/coatcheck/coatcheck/userfields"
)

// TestActivityInAFlood: failed logins without end are one line of the page, and hide no login.
func TestActivityInAFlood(t *testing.T) {
	r := newReader(t)
	ada := r.CreateUser("ada", canary)
	c := r.login("ada", onWindows)
	log := r.Auth.Audit()
	from := audit.Origin{IP: "203.0.113.9", Browser: "Firefox", OS: "Windows"}
	for range 700 {
		if err := log.Add(t.Context(), audit.Event{Code: "login-failed", Reason: "wrong-password", User: ada, From: &from}); err != nil {
			t.Fatal(err)
		}
	}
	var list struct {
		Activity []struct {
			Event, IP string
			Times     int
		}
	}
	if got := c.Get("/accounts/sessions/"); json.Unmarshal([]byte(got.Body), &list) != nil || len(list.Activity) < 3 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	if first := list.Activity[0]; first.Event != "login-failed" || first.Times != 500 || first.IP != from.IP ||
		list.Activity[1].Event != "login" || list.Activity[1].Times != 1 {
		t.Errorf("%+v", list.Activity)
	}
	c.Header.Set("Accept", "text/html")
	for language, want := range map[string]string{
		"en": "Failed login (500 times)", "de": "Anmeldung fehlgeschlagen (500-mal)", "fr": "(500 fois)", "es": "(500 veces)", "ja": "(500回)",
	} {
		c.Header.Set("Accept-Language", language)
		if got := c.Get("/accounts/sessions/"); strings.Count(got.Body, want) != 1 {
			t.Errorf("%s: %d, without %s", language, got.Status, want)
		}
	}
}

// TestAuditOfSessionsFromElsewhere: a session that was not begun here is recorded when it is first
// used, and no second time.
func TestAuditOfSessionsFromElsewhere(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newReader(t, change)
		ada := r.CreateUser("ada", canary)
		key := r.elsewhere(ada)
		for range 2 {
			r.use(key, onWindows)
			r.flush()
		}
		for _, e := range r.expect("a session of a Django", "login-elsewhere django") {
			if e.UserID != ada.ID || e.Browser != "Firefox" || e.OS != "Windows" || e.IP == "" || len(e.Session) != 16 {
				t.Errorf("%+v", e)
			}
		}
	})
}

// elsewhere is the key of a session of the user that the index does not know, as a Django makes it.
func (r *reader) elsewhere(u *auth.User) string {
	r.t.Helper()
	c := r.NewClient(r.handler)
	c.ForceLogin(u)
	r.want(c, "/me", http.StatusOK)
	r.Accounts.ForgetSeen()
	key := r.copies(c, 1)[0]
	session := r.Sessions.Session(key)
	_, err := session.Delete(r.t.Context(), sessionkeys.Ending) // which a Django does not write
	if err = errors.Join(err, session.Save(r.t.Context())); err != nil {
		r.t.Fatal(err)
	}
	r.flush()
	r.fresh()
	return key
}

// TestAuditOfAChangeFromElsewhere: so is one whose first request here changes the password, and
// writes the row of the index itself. One that began here is not, though its row was lost.
func TestAuditOfAChangeFromElsewhere(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newReader(t, change)
		ada := r.CreateUser("ada", canary)
		c := r.NewClient(r.handler)
		c.Header.Set("User-Agent", onWindows)
		c.Header.Set("Cookie", "sessionid="+string(r.elsewhere(ada)))
		r.send(c, "/accounts/password_change/", map[string]any{"old_password": canary, "new_password1": canary + "2"}, http.StatusOK)
		r.flush()
		var got []string
		for _, e := range r.fresh() {
			got = append(got, e.Event)
			if e.Event == "login-elsewhere" && (e.UserID != ada.ID || e.Browser != "Firefox" || e.Actor != audit.ActorDjango || len(e.Session) != 16) {
				t.Errorf("%+v", e)
			}
		}
		slices.Sort(got)
		if want := []string{"login-elsewhere", "password-changed"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		c = r.NewClient(r.handler)
		c.ForceLogin(r.user("ada"))
		r.want(c, "/me", http.StatusOK)
		r.flush()
		if _, err := r.Database.SQL().ExecContext(t.Context(), "DELETE FROM coatcheck_session"); err != nil {
			t.Fatal(err)
		}
		r.fresh()
		r.send(c, "/accounts/password_change/", map[string]any{"old_password": canary + "2", "new_password1": canary}, http.StatusOK)
		r.flush()
		r.expect("a session of ours without its row", "password-changed ada user")
	})
}

// TestAuditOfRefusedLogins: a login whose credentials were right and that a hook refuses is
// recorded as such.
func TestAuditOfRefusedLogins(t *testing.T) {
	refusal := hooks.Refuse(http.StatusForbidden, "Not today.")
	r := newReader(t, func(c *coatcheck.Config) {
		c.Logins.Hooks.LoggedIn = hooks.List{{Before: func(context.Context, *hooks.Event) error { return refusal }}}
	})
	ada := r.CreateUser("ada", canary)
	r.fresh()
	c := r.NewClient(r.handler)
	r.send(c, "/accounts/login/", map[string]any{"username": "ada", "password": canary}, http.StatusForbidden)
	for _, e := range r.expect("a hook", "login-refused ada refused-by-hook user") {
		if e.UserID != ada.ID || e.Outcome != "refused" || e.IP != "127.0.0.1" {
			t.Errorf("%+v", e)
		}
	}
	r.send(c, "/accounts/login/", map[string]any{"username": "ada", "password": "wrong"}, http.StatusUnauthorized)
	r.expect("a wrong password", "login-failed ada wrong-password visitor")
}

// TestAuditOfConditions: so is one that belongs to the Django site.
func TestAuditOfConditions(t *testing.T) {
	r := newReader(t, func(c *coatcheck.Config) {
		c.Logins.Conditions = []database.LoginCondition{{Table: "auth_user_groups", Column: "user_id", Unless: true}}
	})
	r.CreateUser("ada", canary)
	r.fresh()
	r.send(r.NewClient(r.handler), "/accounts/login/", map[string]any{"username": "ada", "password": canary}, http.StatusForbidden)
	r.expect("a condition", "login-refused ada login-condition user")
}

// TestAuditOfProfiles: a change of fields of the profile is recorded, and a refused one is not.
func TestAuditOfProfiles(t *testing.T) {
	model := database.UserModel{Fields: []userfields.Field{{Name: "company", MaxLength: 30}}}
	db, err := sqlite.Config{DSN: filepath.Join(t.TempDir(), "app.db"), UserModel: model}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	r := newReader(t, func(c *coatcheck.Config) { c.Database = db })
	r.CreateUser("ada", canary)
	c := r.login("ada", onWindows)
	r.fresh()
	r.send(c, "/accounts/profile/edit/", map[string]any{"company": strings.Repeat("x", 31)}, http.StatusBadRequest)
	r.expect("a value that is too long")
	r.send(c, "/accounts/profile/edit/", map[string]any{"company": canary}, http.StatusOK)
	if text := fmt.Sprintf("%+v", r.expect("a field", "profile-changed ada user")); strings.Contains(text, canary) {
		t.Errorf("the value is in %s", text)
	}
}

// TestAuditOfActing: what a session does that acts as another user is not called the user's doing.
func TestAuditOfActing(t *testing.T) {
	for _, mark := range []string{"_impersonate", "hijack_history", "loginas_from_user", "exit_users_pk"} {
		r := newReader(t)
		r.do("/set", func(q *http.Request, user *auth.User) error {
			return r.Auth.SetPassword(q.Context(), user, another)
		})
		r.CreateUser("ada", canary)
		c := r.login("ada", onWindows)
		session := c.Session()
		if err := errors.Join(session.Set(t.Context(), mark, []string{"7"}), session.Save(t.Context())); err != nil {
			t.Fatal(err)
		}
		r.fresh()
		r.want(c, "/set", http.StatusOK)
		r.expect(mark, "password-changed ada other-user")
	}
}
