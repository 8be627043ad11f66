package accounts

import (
	"context"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/device"
	"github.com/coatcheck/coatcheck/sessions"
)

// Audit returns what happened to accounts, as a filter selects it, the newest first: at most
// 1,000 events, of which the ID of the last one is the Before of the next page. It is empty
// where nothing is recorded; see [Options.AuditOff].
func (s *Service) Audit(ctx context.Context, f audit.Filter) ([]audit.Entry, error) {
	return s.auth.Audit().Find(ctx, f)
}

// Audits reports whether events are recorded.
func (s *Service) Audits() bool { return s.auth.Audit() != nil }

// record records an event: in the transaction of the context, if there is one.
func (s *Service) record(ctx context.Context, e audit.Event) error { return s.auth.Audit().Add(ctx, e) }

// recordElsewhere records that a session was used for the first time which was not begun here.
func (s *Service) recordElsewhere(ctx context.Context, row own.IndexedSession, key string) {
	from := audit.Origin{IP: row.IP}
	from.Browser, from.OS = device.Describe(row.UserAgent)
	ctx = audit.WithActor(ctx, audit.Actor{Kind: audit.ActorDjango})
	_ = s.record(ctx, audit.Event{ // it waits
		Code: "login-elsewhere", User: &auth.User{ID: row.UserID}, Session: sessions.Key(key), From: &from,
	})
}
