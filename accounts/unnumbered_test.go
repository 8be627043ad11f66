package accounts_test

import (
	"context"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
)

// unlisted is a store that cannot list its sessions, as memcached.
type unlisted struct{ sessions.Store }

// TestSessionsWithoutNumberEnd: a session of a Django, which bears no number and is in
// no index, ends with the others of the user where no walk can remove it; one that began
// after the ending is good.
func TestSessionsWithoutNumberEnd(t *testing.T) {
	r := newRig(t, func(c *coatcheck.Config) { c.Sessions.Store = unlisted{sessionstest.NewMemory()} })
	ada, ctx := r.CreateUser("ada", canary), t.Context()
	begin := func() *coatchecktest.Client {
		t.Helper()
		c := r.login("ada", firefox)
		r.asDjango(ctx, c.Session())
		return c
	}
	before := begin()
	if !r.in(before) {
		t.Error("a session without a number is not in")
	}
	r.unindex(ctx, before)
	if _, err := r.Accounts.EndOtherSessions(ctx, ada, ""); err != nil {
		t.Fatal(err)
	}
	if r.in(before) {
		t.Error("a session without a number outlives the ending")
	}
	if after := begin(); !r.in(after) {
		t.Error("a session that began after the ending is not in")
	}
}

// asDjango removes from a session what a Django does not store.
func (r *rig) asDjango(ctx context.Context, session *sessions.Session) {
	r.t.Helper()
	if _, err := session.Delete(ctx, sessionkeys.Ending); err != nil {
		r.t.Fatal(err)
	}
	if err := session.Save(ctx); err != nil {
		r.t.Fatal(err)
	}
}

// unindex removes a session from the index.
func (r *rig) unindex(ctx context.Context, c *coatchecktest.Client) {
	r.t.Helper()
	if err := own.New(r.Database).DeleteIndexedSession(ctx, accounts.SessionID(c.Session().Key())); err != nil {
		r.t.Fatal(err)
	}
}
