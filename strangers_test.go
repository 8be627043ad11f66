package coatcheck_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/pages"
	"github.com/coatcheck/coatcheck/sessions"
)

// rows counts the rows of every table that a request might write to.
func (m *metered) rows() map[string]int {
	m.t.Helper()
	counts := map[string]int{}
	for _, table := range []string{
		"auth_user", "django_session", "coatcheck_session", "coatcheck_link", "coatcheck_mail", "coatcheck_throttle",
	} {
		var n int
		if err := m.site.Database.SQL().QueryRowContext(m.t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil {
			m.t.Fatal(err)
		}
		counts[table] = n
	}
	return counts
}

// at fills the wildcards of a route with what an unknown client might make up.
func at(r pages.Route) string {
	filled := strings.ReplaceAll(r.Pattern, "{uidb64}", "MQ")
	return strings.ReplaceAll(filled, "{token}", "d1q2w3-"+strings.Repeat("0", 32))
}

// TestLookingChangesNothing: GET, HEAD and OPTIONS of every route, with a session
// that somebody invented, as a browser and as a program, leave no row behind and give
// no session.
func TestLookingChangesNothing(t *testing.T) {
	for _, change := range []func(*coatcheck.Config){
		func(c *coatcheck.Config) { c.Views.SignupVerification = true },
		func(c *coatcheck.Config) { c.Views.SignupInvitation, c.Sessions.SaveEveryRequest = true, true },
		func(c *coatcheck.Config) { c.Web.Guard, c.Web.CSRF.UseSessions = coatcheck.GuardDjango, true },
	} {
		m := newMetered(t, change)
		m.addAccounts()
		before := m.rows()
		for _, r := range m.site.Views.Routes() {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
				for _, accept := range []string{"text/html", "application/json"} {
					got := m.ask(m.strange(method, at(r), accept))
					if got.Status >= 500 || slices.Contains(got.Header["Set-Cookie"], "coatcheck_device") {
						t.Errorf("%s %s: %d %v", method, r.Name, got.Status, got.Header)
					}
				}
			}
		}
		if diff := cmp.Diff(before, m.rows()); diff != "" {
			t.Errorf("looking changes rows (-before +after):\n%s", diff)
		}
	}
}

// strange is a request with a session key that nobody has.
func (m *metered) strange(method, path, accept string) *http.Request {
	m.t.Helper()
	r, err := http.NewRequestWithContext(m.t.Context(), method, m.base+path, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	r.Header.Set("Cookie", "sessionid="+sessions.NewKey())
	return r
}

// TestStrangersCreateNothing: whatever unknown clients post, to every route, there is no
// session, no user and no link of theirs, and the rest is bounded by the throttle.
func TestStrangersCreateNothing(t *testing.T) {
	for name, change := range map[string]func(*coatcheck.Config){
		"confirmation": func(c *coatcheck.Config) { c.Views.SignupVerification = true },
		"invitation":   func(c *coatcheck.Config) { c.Views.SignupInvitation = true },
	} {
		t.Run(name, func(t *testing.T) {
			m := newMetered(t, change)
			before := m.rows()
			const rounds = 120
			for n := range rounds {
				for _, r := range m.site.Views.Routes() {
					if !slices.Contains(r.Methods, http.MethodPost) {
						continue
					}
					stranger := fmt.Sprintf("stranger-%d", n)
					q := m.post(at(r), n%2 == 0, "username", stranger, "email", stranger+"@example.com", "password", goodPassword,
						"new_password1", goodPassword, "id", "x", "language", "de")
					q.Header.Set("Cookie", "sessionid="+sessions.NewKey())
					if got := m.ask(q); got.Status >= 500 {
						t.Fatalf("%s: %d %s", r.Name, got.Status, got.Body)
					}
				}
			}
			after := m.rows()
			// From one address, so many requests are let in at once that count by a budget.
			budget := 2 * 60
			for table, most := range map[string]int{"coatcheck_mail": budget, "coatcheck_throttle": 3 * budget} {
				if after[table] > most {
					t.Errorf("%d rows in %s after %d rounds, want %d at most", after[table], table, rounds, most)
				}
				delete(before, table)
				delete(after, table)
			}
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("strangers made rows (-before +after):\n%s", diff)
			}
		})
	}
}
