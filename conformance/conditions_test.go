package conformance_test

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// makeFactors creates tables as allauth.mfa, django-otp and allauth have them.
const makeFactors = `
from django.db import connection
cursor = connection.cursor()
for table in ["mfa_authenticator", "otp_hotp_hotpdevice", "account_emailaddress"]:
    cursor.execute("CREATE TABLE %s (id integer PRIMARY KEY, user_id integer NOT NULL, good boolean NOT NULL)" % table)
for column in ["type varchar(20)", "data varchar(99)", "last_used_at timestamp"]:
    cursor.execute("ALTER TABLE mfa_authenticator ADD COLUMN %s NULL" % column)
ids = {}
for name in ["plain", "factor", "unconfirmed", "confirmed", "stranger"]:
    cursor.execute("SELECT id FROM auth_user WHERE username = %s", [name])
    ids[name] = cursor.fetchone()[0]
def add(table, name, good):
    cursor.execute("INSERT INTO " + table + " (id, user_id, good) VALUES (%s, %s, %s)", [ids[name], ids[name], good])
add("mfa_authenticator", "factor", True)
add("otp_hotp_hotpdevice", "unconfirmed", False)
add("otp_hotp_hotpdevice", "confirmed", True)
for name in ids:
    if name != "stranger":
        add("account_emailaddress", name, True)
add("account_emailaddress", "stranger", False)
`

// TestLoginConditions: who has a second factor, or no confirmed address, is let in by the
// site alone, and then is signed in here as well.
func TestLoginConditions(t *testing.T) {
	t.Parallel()
	for _, db := range testenv.Databases(t) {
		t.Run(db.Engine, func(t *testing.T) {
			t.Parallel()
			loginConditions(t, db)
		})
	}
}

func loginConditions(t *testing.T, db testenv.Database) {
	open := startServe(t, db)
	tw := newTwin(t, newestDjango(t), db)
	tw.Start()
	b := newBrowser(t)
	for _, name := range []string{"plain", "factor", "unconfirmed", "confirmed", "stranger"} {
		b.wants(b.post(open.URL("/accounts/signup/"), fields{"username": name, "password": somePassword}), http.StatusCreated)
	}
	tw.Manage("shell", "-c", makeFactors)
	own := startServe(t, db, "--refuse-login-if", "mfa_authenticator.user_id,otp_hotp_hotpdevice.user_id:good",
		"--refuse-login-unless", "account_emailaddress.user_id:good")
	for name, status := range map[string]int{
		"plain": http.StatusOK, "unconfirmed": http.StatusOK,
		"factor": http.StatusForbidden, "confirmed": http.StatusForbidden, "stranger": http.StatusForbidden,
	} {
		user, visitor := fields{"username": name, "password": somePassword}, newBrowser(t)
		visitor.wants(visitor.post(own.URL("/accounts/login/"), fields{"username": name, "password": "wrong"}), http.StatusUnauthorized)
		got := visitor.post(own.URL("/accounts/login/"), user)
		if got.status != status || status == http.StatusForbidden && !strings.Contains(got.body, "other login page") {
			t.Errorf("%s: %d %s, want %d", name, got.status, got.body, status)
		}
		if status == http.StatusForbidden {
			visitor.wants(visitor.get(own.URL("/accounts/profile/")), http.StatusFound)
			visitor.wants(visitor.get(tw.URL("/accounts/profile/")), http.StatusFound)
		}
		visitor.wants(visitor.post(tw.URL("/accounts/login/"), user), http.StatusOK)
		visitor.wants(visitor.get(own.URL("/accounts/profile/")), http.StatusOK)
	}
	for _, flag := range []string{"no_such_table.user_id", "mfa_authenticator.owner", "mfa_authenticator", "auth_user.id:x y"} {
		path, err := binary()
		must(t, err)
		cmd := exec.CommandContext(t.Context(), path, "serve", "--addr", "127.0.0.1:0", "--refuse-login-if", flag)
		cmd.Dir, cmd.Env = t.TempDir(), append(cmd.Environ(), "COATCHECK_DATABASE="+db.URL(), "COATCHECK_SECRET_KEY="+secretKey)
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "--refuse-login-if") || !strings.Contains(string(out), flag) {
			t.Errorf("--refuse-login-if %s: %v, %s", flag, err, out)
		}
	}
}

// TestImpersonation: while a session of the site acts as another user the account pages
// are closed, and a logout works.
func TestImpersonation(t *testing.T) {
	t.Parallel()
	db := testenv.SQLiteDatabase(t)
	own := startServe(t, db)
	tw := newTwin(t, newestDjango(t), db)
	tw.Start()
	for key, value := range map[string]any{"_impersonate": 7, "hijack_history": []string{"7"}, "loginas_from_user": "1:sig", "exit_users_pk": []any{[]any{7, "x"}}} {
		user := account("acts " + strings.Trim(key, "_"))
		b := loggedIn(t, tw, user)
		b.wants(b.get(own.URL("/accounts/password_change/")), http.StatusOK)
		b.wants(b.post(tw.URL("/twin/session/"), fields{key: value}), http.StatusOK)
		for _, page := range []string{"password_change", "email", "sessions", "close"} {
			if got := b.get(own.URL("/accounts/" + page + "/")); got.status != http.StatusForbidden || !strings.Contains(got.body, "acting as another user") {
				t.Errorf("%s, %s: %d %s", key, page, got.status, got.body)
			}
		}
		b.wants(b.post(own.URL("/accounts/password_change/"), fields{"old_password": somePassword, "new_password1": "battery staple 9"}), http.StatusForbidden)
		if key == "hijack_history" {
			b.wants(b.post(tw.URL("/twin/session/"), fields{key: []string{}}), http.StatusOK)
			b.wants(b.get(own.URL("/accounts/sessions/")), http.StatusOK)
		}
		b.wants(b.post(own.URL("/accounts/logout/"), fields{}), http.StatusOK)
	}
}
