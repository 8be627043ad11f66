package conformance_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// sessionDifferences are the entries of docs/django-differences.md about sessions that
// somebody is signed in to.
var sessionDifferences = []string{"session-ending-number", "former-key-session", "inactive-user-session"}

// TestSessionDifferences asks both sides for an example of each, and then reads what one
// side made of the session on the other.
func TestSessionDifferences(t *testing.T) {
	t.Parallel()
	eachDjango(t, func(t *testing.T, version string) {
		w := newWalk(t, pairing{version: version, engine: "db", db: testenv.SQLiteDatabase(t)})
		for i, name := range []string{"Django", "Coatcheck"} {
			w.setKeys([]string{secretKey})
			one := newWorld(t, w, strings.ToLower(name)+"-")
			send := func(side int, method, path string, body fields) map[string]any {
				t.Helper()
				got := one.send(w.side(side), 0, method, path, body)
				seen, _ := got.Body.(map[string]any)
				return seen
			}
			who := func(side int) any { return send(side, http.MethodGet, "/twin/whoami/", nil)["user"] }
			account := fields{"username": one.username(0), "password": "a first password", "email": "anna@example.com"}
			send(i, http.MethodPost, "/accounts/signup/", account)
			send(i, http.MethodPost, "/accounts/login/", account)
			row, _ := w.own.row(one.cookies[0])
			if has := strings.Contains(row, `"`+sessionkeys.Ending+`":0`); has != (i == 1) {
				t.Errorf("session-ending-number: the login of %s stores %s", name, row)
			}
			if who(1-i) != "anna" {
				t.Errorf("the login of %s is none on the other side", name)
			}
			if version >= "4.1" {
				before := one.cookies[0]
				w.setKeys([]string{"another key, which is long and random enough", secretKey})
				if user, kept := who(i), one.cookies[0] == before; user != "anna" || kept != (i == 1) {
					t.Errorf("former-key-session: %s says %v, and the key is kept: %v", name, user, kept)
				}
				if who(1-i) != "anna" {
					t.Errorf("the session that %s renewed is none on the other side", name)
				}
			}
			active := func(is bool) {
				send(i, http.MethodPost, "/twin/active/", fields{"username": one.username(0), "active": is})
			}
			active(false)
			if user := who(i); user != "" {
				t.Errorf("%s says that an inactive user is signed in: %v", name, user)
			}
			active(true)
			if lives := who(i) == "anna"; lives != (i == 0) {
				t.Errorf("inactive-user-session: on %s the session lives again: %v", name, lives)
			}
		}
	})
}
