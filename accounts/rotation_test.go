package accounts_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/coatchecktest"
)

// A session that was used since a rotation of the secret key outlives the former key, in
// the list too, and ends like every other one.
func TestTheListOutlivesAFormerKey(t *testing.T) {
	everyEngine(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		ada := r.CreateUser("ada", canary)
		desk, phone := r.login("ada", firefox).Session(), r.login("ada", safari).Session()
		restarted := func(fallbacks ...string) (r2 *rig, desk2, phone2 *coatchecktest.Client) {
			r2 = newRig(t, func(c *coatcheck.Config) {
				c.Database, c.Sessions.Store = r.Database, r.Sessions.Config().Store
				c.Keys.Secret, c.Keys.Fallbacks = strings.Repeat("another key ", 4), fallbacks
			})
			desk2, phone2 = r2.NewClient(r2.handler), r2.NewClient(r2.handler)
			desk2.SetSession(r2.Sessions.Session(string(desk.Key())))
			phone2.SetSession(r2.Sessions.Session(string(phone.Key())))
			for _, c := range []*coatchecktest.Client{desk2, phone2} {
				r2.want(c, "/me", http.StatusOK)
			}
			return r2, desk2, phone2
		}
		restarted(coatchecktest.SecretKey)
		r2, owner, thief := restarted()
		if all := r2.list(ada, desk.Key()); len(all) != 2 {
			t.Errorf("listed: %+v", all)
		}
		id := map[string]string{"id": accounts.SessionID(phone.Key())}
		if got := owner.PostJSON("/accounts/sessions/end/", id); got.Status != http.StatusOK || r2.in(thief) {
			t.Errorf("ending by its id: %d %s", got.Status, got.Body)
		}
	})
}
