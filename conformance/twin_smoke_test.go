package conformance_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// TestTwinOnItsOwn walks through the Django site alone, so that a failure of the
// twins beside Coatcheck is not a failure of the site.
func TestTwinOnItsOwn(t *testing.T) {
	t.Parallel()
	eachDjango(t, func(t *testing.T, version string) {
		tw := newTwin(t, version, testenv.SQLiteDatabase(t))
		tw.Manage("migrate")
		tw.Start()
		anna := fields{"username": "anna", "password": "correct horse"}
		b, other := newBrowser(t), newBrowser(t)

		if got := b.wants(b.get(tw.URL("/accounts/profile/")), 302).location; got != "/accounts/login/?next=/accounts/profile/" {
			t.Errorf("anonymous profile leads to %q", got)
		}
		b.wants(b.post(tw.URL("/accounts/signup/"), anna), 201)
		b.wants(b.post(tw.URL("/accounts/signup/"), anna), 409)
		b.wants(b.get(tw.URL("/accounts/profile/")), 302)
		b.wants(b.post(tw.URL("/accounts/login/"), fields{"username": "anna", "password": "wrong"}), 401)
		for _, each := range []*browser{b, other} {
			each.wants(each.post(tw.URL("/accounts/login/"), anna), 200)
			if got := each.wants(each.get(tw.URL("/accounts/profile/")), 200).field("username"); got != "anna" {
				t.Errorf("the profile of %q, want anna's", got)
			}
		}

		b.wants(b.post(tw.URL("/twin/session/"), fields{"cart": []int{1, 2}}), 200)
		if got := b.wants(b.get(tw.URL("/twin/whoami/")), 200); !strings.Contains(got.body, `"cart": [1, 2]`) || len(got.field("session_key")) != 32 {
			t.Errorf("whoami says %s", got.body)
		}

		b.wants(b.post(tw.URL("/twin/password/"), fields{"old": "correct horse", "new": "battery staple"}), 200)
		b.wants(b.get(tw.URL("/accounts/profile/")), 200)
		other.wants(other.get(tw.URL("/accounts/profile/")), 302)

		b.wants(b.post(tw.URL("/accounts/logout/"), nil), 200)
		b.wants(b.get(tw.URL("/accounts/profile/")), 302)

		b.wants(b.post(tw.URL("/accounts/login/"), fields{"username": "anna", "password": "battery staple"}), 200)
		b.wants(b.post(tw.URL("/twin/deactivate/"), fields{"username": "anna"}), 200)
		if got := b.wants(b.get(tw.URL("/twin/whoami/")), 200).field("is_authenticated"); got != "false" {
			t.Errorf("a deactivated user is authenticated: %s", got)
		}
		b.wants(b.get(tw.URL("/admin/")), http.StatusFound)
		b.wants(b.get(tw.URL("/admin/login/")), http.StatusOK)
	})
}

// TestTwinOnEveryDatabase checks that every Django reaches every database.
func TestTwinOnEveryDatabase(t *testing.T) {
	t.Parallel()
	eachDjango(t, func(t *testing.T, version string) {
		for _, db := range testenv.Databases(t) {
			tw := newTwin(t, version, db)
			tw.Manage("migrate")
			if got := tw.Manage("showmigrations", "--plan"); strings.Contains(got, "[ ]") || !strings.Contains(got, "sessions.0001_initial") {
				t.Errorf("%s: after migrate:\n%s", db.Engine, got)
			}
			tw.Manage("check")
		}
	})
}
