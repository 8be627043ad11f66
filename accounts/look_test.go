package accounts_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/internal/featuretest"
)

// Looking finds the sessions of the index and those that only a Django has seen, and writes
// nothing: neither does it adopt these, nor forget what has ended.
func TestLook(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		ada, bob := r.CreateUser("ada", canary), r.CreateUser("bob", canary)
		r.Accounts.SetNow(time.Now)
		known, unseen, ended, theirs := r.NewClient(r.handler), r.NewClient(r.handler), r.NewClient(r.handler), r.NewClient(r.handler)
		known.ForceLogin(ada)
		unseen.ForceLogin(ada)
		ended.ForceLogin(ada)
		theirs.ForceLogin(bob)
		r.want(known, "/me", http.StatusOK)
		r.want(ended, "/me", http.StatusOK)
		if n := r.indexed(); n != 2 {
			t.Errorf("%d rows before the look, want 2", n)
		}
		if err := r.Sessions.Config().Store.Delete(t.Context(), string(ended.Session().Key())); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			all, err := r.Accounts.Look(t.Context(), ada)
			if err != nil {
				t.Fatal(err)
			}
			if len(all) != 2 || all[0].LastSeen.IsZero() || all[0].IP != "127.0.0.1" {
				t.Fatalf("a look finds %+v", all)
			}
			if all[1].Method != accounts.MethodElsewhere || !all[1].LastSeen.IsZero() || all[1].ID != accounts.SessionID(unseen.Session().Key()) {
				t.Errorf("a session that nobody has seen here: %+v", all[1])
			}
			if n := r.indexed(); n != 2 {
				t.Errorf("the index has %d rows after a look, want the same 2", n)
			}
		}
	})
}
