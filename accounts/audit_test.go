package accounts_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/featuretest"
)

// reader reads the events of a site.
type reader struct {
	*rig
	seen map[string]bool // IDs of those that were read
}

// fresh returns the events that were not read before, the oldest first.
func (r *reader) fresh() (all []audit.Entry) {
	r.t.Helper()
	found, err := r.Accounts.Audit(r.t.Context(), audit.Filter{})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range slices.Backward(found) {
		if !r.seen[e.ID] {
			r.seen[e.ID] = true
			all = append(all, e)
		}
	}
	return all
}

// expect reads the events that were not read before, as "code user reason actor".
func (r *reader) expect(what string, want ...string) []audit.Entry {
	r.t.Helper()
	events := r.fresh()
	var got []string
	for _, e := range events {
		got = append(got, strings.Join(strings.Fields(e.Event+" "+e.Username+" "+e.Reason+" "+e.Actor), " "))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		r.t.Errorf("%s: %q, want %q", what, got, want)
	}
	return events
}

func newReader(t *testing.T, changes ...func(*coatcheck.Config)) *reader {
	t.Helper()
	return &reader{newRig(t, changes...), map[string]bool{}}
}

const onWindows = "Mozilla/5.0 (Windows NT 10.0; rv:130.0) Gecko/20100101 Firefox/130.0"

// post sends JSON, and wants that status.
func (r *reader) send(c *coatchecktest.Client, path string, body map[string]any, status int) {
	r.t.Helper()
	if got := c.PostJSON(path, body); got.Status != status {
		r.t.Errorf("%s: %d %s, want %d", path, got.Status, got.Body, status)
	}
}

// TestAuditOfLogins: what people do to log in and out is recorded, with where it came from.
func TestAuditOfLogins(t *testing.T) {
	r := newReader(t)
	r.CreateUser("ada", canary)
	r.expect("an account", "account-created ada program")
	c := r.NewClient(r.handler)
	c.Header.Set("User-Agent", onWindows)
	login := func(name, password string, status int) {
		r.send(c, "/accounts/login/", map[string]any{"username": name, "password": password}, status)
	}
	login("ada", "wrong", http.StatusUnauthorized)
	e := r.expect("a wrong password", "login-failed ada wrong-password visitor")[0]
	if e.IP != "127.0.0.1" || e.Browser != "Firefox" || e.OS != "Windows" || e.Outcome != "refused" ||
		time.Since(e.Time) > time.Minute || e.Session != "" {
		t.Errorf("%+v", e)
	}
	login("hunter2-typed-in-the-wrong-field", "ada", http.StatusUnauthorized)
	login("ada\U0001f600"+strings.Repeat("x", 140), "ada", http.StatusUnauthorized)
	r.expect("unknown users", "login-failed unknown-user visitor", "login-failed unknown-user visitor")

	login("ada", canary, http.StatusOK)
	e = r.expect("a login", "login ada user")[0]
	if len(e.Session) != 16 || e.Outcome != "ok" {
		t.Errorf("%+v", e)
	}
	r.send(c, "/accounts/password_change/", map[string]any{"old_password": "wrong", "new_password1": another}, http.StatusBadRequest)
	r.expect("a wrong present password", "password-check-failed ada wrong-password user")
	r.send(c, "/accounts/logout/", nil, http.StatusOK)
	if out := r.expect("a logout", "logout ada user")[0]; out.Session != e.Session {
		t.Errorf("the logout is of the session %s, the login of %s", out.Session, e.Session)
	}
	ada := r.user("ada")
	ada.IsActive = false
	if err := r.Database.UpdateUser(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	login("ada", canary, http.StatusUnauthorized)
	r.expect("an inactive user", "login-failed ada user-inactive visitor")
	for range 20 {
		c.PostJSON("/accounts/login/", map[string]any{"username": "ada", "password": "wrong"})
	}
	locked := 0
	for _, e := range r.fresh() {
		if e.Event == "login-throttled" && e.UserID == ada.ID {
			locked++
		}
	}
	if locked != 1 {
		t.Errorf("a lockout is recorded %d times in a minute", locked)
	}
}

// TestAuditOfChanges: each change of an account is recorded.
func TestAuditOfChanges(t *testing.T) {
	r := newReader(t)
	ada := r.CreateUser("ada", canary)
	c, second := r.login("ada", onWindows), r.login("ada", "curl/8")
	_ = second
	r.fresh()
	r.deliver()
	r.send(c, "/accounts/name/", map[string]any{"first_name": "Ada", "last_name": "L"}, http.StatusOK)
	r.expect("a name", "name-changed ada user")
	r.send(c, "/accounts/sessions/end-others/", nil, http.StatusOK)
	r.expect("an ending", "other-sessions-ended ada user")
	r.send(c, "/accounts/password_change/", map[string]any{"old_password": canary, "new_password1": another}, http.StatusOK)
	r.expect("a password", "password-changed ada user")
	r.send(c, "/accounts/email/", map[string]any{"email": "new@example.com", "password": another}, http.StatusOK)
	r.expect("a change of the address", "email-change-begun ada user")
	confirm, _ := link(t, r.only(r.deliver(), "new@example.com", "Confirm your new address"))
	r.send(c, confirm, nil, http.StatusOK)
	r.expect("an address", "email-changed ada user")
	notMe, _ := link(t, r.only(r.deliver(), "ada@example.com", "changed"))
	r.send(r.NewClient(r.handler), notMe, nil, http.StatusOK)
	r.expect("this wasn't me", "all-sessions-ended ada user", "account-rescued ada user")
	r.deliver()
	if r.send(r.NewClient(r.handler), "/accounts/password_reset/", map[string]any{"email": "ada@example.com"}, http.StatusOK); len(r.fresh()) > 0 {
		t.Error("a link is recorded before it is found out for whom")
	}
	path := r.path("ada@example.com", "Password reset")
	if e := r.expect("a link", "password-reset-sent ada visitor")[0]; e.IP != "127.0.0.1" {
		t.Errorf("%+v", e)
	}
	r.setPassword(path, canary)
	r.expect("a reset", "password-reset ada user", "account-unlocked ada user")
	c = r.login("ada", onWindows)
	r.fresh()
	if err := r.Auth.SetPassword(t.Context(), r.user("ada"), another); err != nil {
		t.Fatal(err)
	}
	r.want(c, "/me", http.StatusForbidden)
	events := r.expect("a session whose password changed", "password-changed ada program", "session-rejected auth-hash-mismatch visitor")
	if len(events) == 2 && events[1].UserID != ada.ID {
		t.Errorf("%+v", events[1])
	}
	if err := r.Auth.SetPassword(t.Context(), r.user("ada"), canary); err != nil {
		t.Fatal(err)
	}
	c = r.login("ada", onWindows)
	r.fresh()
	r.send(c, "/accounts/close/", map[string]any{"password": canary, "understand": true}, http.StatusOK)
	r.expect("closing", "account-closed ada user", "logout ada user")
}

// TestAuditOfOperators: what a command does bears the name of the system's user.
func TestAuditOfOperators(t *testing.T) {
	r := newReader(t)
	ada := r.CreateUser("ada", canary)
	r.login("ada", onWindows)
	r.fresh()
	ctx := audit.WithActor(t.Context(), audit.Actor{Kind: audit.ActorCommand, Name: "roöt\x00" + strings.Repeat("x", 200)})
	all, err := r.Accounts.Sessions(ctx, ada, "")
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	ended := r.Accounts.EndSession(ctx, ada, all[0].ID)
	_, invited := r.Accounts.Invite(ctx, "", "")
	_, deactivated := r.Accounts.Deactivate(ctx, ada, nil)
	err = errors.Join(ended, invited, deactivated, r.Accounts.Activate(ctx, ada))
	if err != nil || !r.user("ada").IsActive {
		t.Fatal(err)
	}
	for _, e := range r.expect("an operator", "session-ended ada command", "invitation-created command",
		"account-deactivated ada command", "all-sessions-ended ada command", "account-activated ada command") {
		if !strings.HasPrefix(e.ActorName, "ro?t?x") || len(e.ActorName) != 64 {
			t.Errorf("%q", e.ActorName)
		}
	}
}

// TestAuditWithTheChange: a change that is rolled back leaves no event, and a change whose event
// cannot be written does not happen.
func TestAuditWithTheChange(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		refuse := false
		r := newReader(t, change, func(c *coatcheck.Config) {
			c.Logins.Hooks.PasswordChanged = hooks.List{{Before: func(context.Context, *hooks.Event) error {
				if refuse {
					return hooks.Refuse(http.StatusForbidden, "Not today.")
				}
				return nil
			}}}
		})
		ada := r.CreateUser("ada", canary)
		r.expect("an account", "account-created ada program")
		refuse = true
		if err := r.Auth.SetPassword(t.Context(), r.user("ada"), another); err == nil {
			t.Error("the hook refuses nothing")
		}
		refuse = false
		undo := errors.New("undo")
		if err := r.Database.Tx(t.Context(), func(ctx context.Context, _ *database.DB) error {
			return errors.Join(r.Auth.SetPassword(ctx, r.user("ada"), another), undo)
		}); !errors.Is(err, undo) {
			t.Error(err)
		}
		r.expect("what was undone")
		if _, err := r.Database.SQL().ExecContext(t.Context(), "DROP TABLE coatcheck_audit"); err != nil {
			t.Fatal(err)
		}
		if err := r.Auth.SetPassword(t.Context(), r.user("ada"), another); err == nil {
			t.Error("a password is changed without its event")
		}
		if user := r.user("ada"); user.Password.Encoded() != ada.Password.Encoded() {
			t.Error("the password is another one")
		}
		if got := r.NewClient(r.handler).PostJSON("/accounts/login/", map[string]any{"username": "ada", "password": canary}); got.Status != http.StatusOK {
			t.Errorf("a login without the table: %d %s", got.Status, got.Body)
		}
	})
}

// TestAuditHoldsNoSecret: no password, session key, cookie or token of a link is in a row.
func TestAuditHoldsNoSecret(t *testing.T) {
	r := newReader(t)
	r.CreateUser("ada", canary)
	c := r.login("ada", onWindows)
	secrets := []string{canary, another, string(c.Session().Key())}
	r.send(c, "/accounts/login/", map[string]any{"username": canary, "password": "ada"}, http.StatusUnauthorized)
	r.send(c, "/accounts/email/", map[string]any{"email": "new@example.com", "password": canary}, http.StatusOK)
	for _, m := range r.deliver() {
		if found := linkPattern.FindStringSubmatch(m.Text); found != nil {
			secrets = append(secrets, found[2])
		}
	}
	r.send(c, "/accounts/password_change/", map[string]any{"old_password": canary, "new_password1": another}, http.StatusOK)
	secrets = append(secrets, string(c.Session().Key()), r.user("ada").Password.Encoded(), accounts.SessionID(c.Session().Key()))
	events := r.fresh()
	text, err := json.Marshal(events)
	if err != nil || len(events) < 5 || len(secrets) < 7 {
		t.Fatalf("%d events, %d secrets: %v", len(events), len(secrets), err)
	}
	for _, secret := range secrets {
		if secret == "" || strings.Contains(string(text), secret[:min(len(secret), 12)]) {
			t.Errorf("%q is in %s", secret, text)
		}
	}
}

// TestAuditOff: nothing is recorded where that is the setting.
func TestAuditOff(t *testing.T) {
	r := newReader(t, func(c *coatcheck.Config) { c.Accounts.AuditOff = true })
	r.CreateUser("ada", canary)
	c := r.login("ada", onWindows)
	r.expect("switched off")
	if got := c.Get("/accounts/sessions/"); got.Status != http.StatusOK || !strings.Contains(string(got.Body), `"activity":[]`) {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	var rows int
	if err := r.Database.SQL().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM coatcheck_audit").Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d rows: %v", rows, err)
	}
}
