package audit_test

import (
	"context"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/sessions"
)

// TestWhileASessionMoves: an event about a session can be recorded while the key of the session changes,
// which locks the session.
func TestWhileASessionMoves(t *testing.T) {
	site := coatchecktest.NewSite(t)
	session := site.Sessions.Session("")
	ctx := sessions.NewContext(t.Context(), session)
	if err := session.Set(ctx, "a", 1); err != nil {
		t.Fatal(err)
	}
	if err := session.Save(ctx); err != nil {
		t.Fatal(err)
	}
	old := session.Key()
	log := site.Auth.Audit()
	session.BeforeMove(func(ctx context.Context, key sessions.Key) {
		ctx = audit.WithActor(ctx, audit.Actor{Kind: audit.ActorDjango})
		if err := log.Add(ctx, audit.Event{Code: "login-elsewhere", Session: key}); err != nil {
			t.Error(err)
		}
	})
	done := make(chan error, 1)
	go func() { done <- session.CycleKey(ctx) }()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the session waits for the audit log, which waits for the session")
	}
	entries, err := log.Find(t.Context(), audit.Filter{})
	if err != nil || len(entries) != 1 || entries[0].Session != log.SessionName(old) {
		t.Errorf("%v, %v", entries, err)
	}
}
