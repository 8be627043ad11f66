package accounts_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/featuretest"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
)

const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	safari  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)

// stores are the kinds of stores: one that finds keys, and one that does not.
func stores(t *testing.T, test func(t *testing.T, change func(*coatcheck.Config))) {
	featuretest.Engines(t, test)
	t.Run("a store that finds nothing", func(t *testing.T) {
		test(t, func(c *coatcheck.Config) { c.Sessions.Store = sessionstest.NewMemory() })
	})
}

func (r *rig) list(user *auth.User, key sessions.Key) []accounts.SessionInfo {
	r.t.Helper()
	all, err := r.Accounts.Sessions(r.t.Context(), user, key)
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

// indexed returns the number of rows of the index, with what waits to be written.
func (r *rig) indexed() (n int) {
	r.t.Helper()
	if err := r.Accounts.Flush(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	if err := r.Database.SQL().QueryRowContext(r.t.Context(), "SELECT COUNT(*) FROM coatcheck_session").Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

func TestSessions(t *testing.T) {
	stores(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		ada, joe := r.CreateUser("ada", canary), r.CreateUser("joe", canary)
		desk, phone, others := r.login("ada", firefox), r.login("ada", safari), r.login("joe", firefox)
		key := desk.Session().Key()

		all := r.list(ada, key)
		if len(all) != 2 || !all[0].Current || all[0].Browser != "Firefox" || all[0].System != "Linux" ||
			all[1].Current || all[1].Browser != "Safari" || all[1].System != "iPhone" || all[1].IP != "127.0.0.1" ||
			all[0].Method != accounts.MethodPassword || time.Since(all[0].FirstSeen) > time.Minute || all[0].LastSeen.Before(all[0].FirstSeen) {
			t.Fatalf("sessions: %+v", all)
		}
		ctx := t.Context()
		for _, id := range []string{"", "x", r.list(joe, "")[0].ID} {
			if err := r.Accounts.EndSession(ctx, ada, id); !errors.Is(err, accounts.ErrNoSession) {
				t.Errorf("ending %q: %v", id, err)
			}
		}
		if err := r.Accounts.EndSession(ctx, ada, all[1].ID); err != nil {
			t.Error(err)
		}
		r.want(phone, "/me", http.StatusForbidden)
		r.want(desk, "/me", http.StatusOK)
		if left := r.list(ada, key); len(left) != 1 || !left[0].Current {
			t.Errorf("left: %+v", left)
		}

		phone, tablet := r.login("ada", safari), r.login("ada", safari)
		if n, err := r.Accounts.EndOtherSessions(ctx, ada, key); err != nil || n != 2 {
			t.Errorf("ended %d, %v", n, err)
		}
		r.want(phone, "/me", http.StatusForbidden)
		r.want(tablet, "/me", http.StatusForbidden)
		r.want(desk, "/me", http.StatusOK)
		r.want(others, "/me", http.StatusOK)
		if n, err := r.Accounts.EndOtherSessions(ctx, ada, ""); err != nil || n != 1 {
			t.Errorf("ended %d, %v", n, err)
		}
		r.want(desk, "/me", http.StatusForbidden)
	})
}

// A session that got a new key stays the one that it was; one that was logged out of
// or whose password changed is gone from the list.
func TestSessionsMove(t *testing.T) {
	r := newRig(t)
	ada := r.CreateUser("ada", canary)
	r.do("/change", func(q *http.Request, user *auth.User) error { return r.Accounts.ChangePassword(q, user, another) })
	desk, phone := r.login("ada", firefox), r.login("ada", safari)
	before := r.list(ada, desk.Session().Key())[0]
	r.want(desk, "/change", http.StatusOK)
	r.want(phone, "/me", http.StatusForbidden)
	ada, err := r.Auth.UserByUsername(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	all := r.list(ada, desk.Session().Key())
	if len(all) != 1 || !all[0].Current || all[0].ID == before.ID || !all[0].FirstSeen.Equal(before.FirstSeen) {
		t.Errorf("before %+v\nafter %+v", before, all)
	}
	desk.PostJSON("/accounts/logout/", nil)
	if all := r.list(ada, ""); len(all) != 0 || r.indexed() != 0 {
		t.Errorf("after the logout: %+v", all)
	}
}

// Anyone who signs in to a browser of somebody else does not take over that one's
// session in the list.
func TestSessionsOfTwoUsers(t *testing.T) {
	r := newRig(t)
	ada, joe := r.CreateUser("ada", canary), r.CreateUser("joe", canary)
	c := r.login("ada", firefox)
	c.PostJSON("/accounts/login/", map[string]string{"username": "joe", "password": canary})
	if all := r.list(joe, c.Session().Key()); len(all) != 1 || !all[0].Current {
		t.Errorf("joe: %+v", all)
	}
	if all := r.list(ada, ""); len(all) != 0 {
		t.Errorf("ada: %+v", all)
	}
}

// A request that does not ask for its session costs no statement, and one that does
// writes to the index every five minutes, or when it comes from elsewhere.
func TestTrackWritesSeldom(t *testing.T) {
	r := newRig(t)
	ada := r.CreateUser("ada", canary)
	now := time.Now()
	r.Accounts.SetNow(func() time.Time { return now })
	c := r.login("ada", firefox)
	at := func() time.Time { return r.list(ada, "")[0].LastSeen }
	for _, step := range []struct {
		after   time.Duration
		path    string
		browser string
		written bool
	}{
		{4 * time.Minute, "/me", firefox, false},
		{2 * time.Minute, "/public", firefox, false},
		{0, "/me", firefox, true},
		{time.Minute, "/me", safari, true},
		{10 * time.Second, "/me", firefox, false},
		{30 * time.Second, "/me", firefox, true},
	} {
		before := at()
		now = now.Add(step.after)
		c.Header.Set("User-Agent", step.browser)
		r.want(c, step.path, http.StatusOK)
		if got := at().After(before); got != step.written {
			t.Errorf("%+v: written %v", step, got)
		}
	}
}

// What unknown clients send leaves nothing in the index.
func TestStrangersAreNotIndexed(t *testing.T) {
	r := newRig(t)
	for range 20 {
		c := r.NewClient(r.handler)
		q := c.NewRequest(http.MethodGet, "/me", nil)
		q.Header.Set("Cookie", "sessionid="+sessions.NewKey())
		c.Do(q)
		c.Get("/accounts/login/")
	}
	if n := r.indexed(); n != 0 {
		t.Errorf("%d rows", n)
	}
}

// Sessions that others made, such as a Django, are adopted when they are seen, or by
// the walk, and forgotten when they are gone.
func TestAdopt(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		ada := r.CreateUser("ada", canary)
		r.Accounts.SetNow(time.Now)
		seen, unseen := r.NewClient(r.handler), r.NewClient(r.handler)
		seen.ForceLogin(ada)
		unseen.ForceLogin(ada)
		anonymous := r.NewClient(r.handler)
		session := anonymous.Session()
		if err := session.Set(t.Context(), "cart", 1); err != nil {
			t.Fatal(err)
		}
		if err := session.Save(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.want(seen, "/me", http.StatusOK)
		if all := r.list(ada, ""); len(all) != 1 || all[0].Method != accounts.MethodElsewhere || all[0].IP != "127.0.0.1" {
			t.Errorf("at first sight: %+v", all)
		}
		for range 2 {
			if err := r.Accounts.Clean(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if all := r.list(ada, ""); len(all) != 2 || all[0].Method != accounts.MethodElsewhere || r.indexed() != 2 {
			t.Errorf("after the walk: %+v", all)
		}
		third := r.NewClient(r.handler)
		third.ForceLogin(ada)
		if err := r.Accounts.Adopt(t.Context()); err != nil || r.indexed() != 3 {
			t.Errorf("the walk does not go on: %d, %v", r.indexed(), err)
		}

		third.Logout()
		later := time.Now().Add(r.Sessions.Config().CookieAge + time.Hour)
		r.Accounts.SetNow(func() time.Time { return later })
		if err := r.Accounts.Clean(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := r.indexed(); n != 2 {
			t.Errorf("%d rows after one session ended", n)
		}
		if all := r.list(ada, ""); !all[0].LastSeen.After(time.Now().Add(time.Hour)) {
			t.Errorf("what lives is not seen: %+v", all)
		}
	})
}

// Sessions whose end another program spelled its own way, as SQLite lets it, are adopted
// like all, in a walk that ends.
func TestAdoptOddTimes(t *testing.T) {
	r := newRig(t)
	c := r.NewClient(r.handler)
	c.ForceLogin(r.CreateUser("ada", canary))
	const each = 600 // more than a piece of the walk
	for i, spelling := range []string{"2030-01-02 03:04:05+00:00", "2030-01-02T03:04:05Z"} {
		_, err := r.Database.SQL().ExecContext(t.Context(), `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
			INSERT INTO django_session (session_key, session_data, expire_date)
			SELECT printf('odd%d%028d', ?, i), (SELECT session_data FROM django_session LIMIT 1), ? FROM n`, each, i, spelling)
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := r.Accounts.Adopt(ctx); err != nil {
		t.Fatal(err)
	}
	if n := r.indexed(); n != 2*each+1 {
		t.Errorf("%d sessions in the index, want %d", n, 2*each+1)
	}
}

// The index holds no session key.
func TestIndexHoldsNoKey(t *testing.T) {
	stores(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		r.CreateUser("ada", canary)
		c := r.login("ada", firefox)
		key := string(c.Session().Key())
		var row own.IndexedSession
		err := r.Database.SQL().QueryRowContext(t.Context(), "SELECT key_hash, locator FROM coatcheck_session").Scan(&row.KeyHash, &row.Locator)
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n+9 <= len(key); n++ {
			if part := key[n : n+9]; strings.Contains(row.Locator, part) || strings.Contains(row.KeyHash, part) {
				t.Errorf("%q of the key is in %q, %q", part, row.KeyHash, row.Locator)
			}
		}
	})
}
