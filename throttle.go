package coatcheck

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/throttle"
)

// chooseThrottle is Config.Logins.Throttle with the store that the database calls for.
func (s *Site) chooseThrottle(c *Config) (attempts.Config, error) {
	t := c.Logins.Throttle
	if c.Logins.ThrottleOff {
		if t.Store != nil {
			return t, errors.New("coatcheck: Config.Logins.ThrottleOff is set, and Config.Logins.Throttle has a store; choose one")
		}
		return t, nil
	}
	t.CookieSecure = t.CookieSecure || c.Sessions.CookieSecure
	if t.Store != nil {
		return t, nil
	}
	if s.has("attempts to log in are counted in the memory of this process", own.ThrottleTable) {
		t.Store = s.own.Throttle()
	} else {
		t.Store = throttle.NewMemory(0)
	}
	return t, nil
}

// clean runs one piece of housekeeping, and says in the log what came of it.
func (s *Site) clean(ctx context.Context, what string, remove func(context.Context) (int64, error)) {
	n, err := remove(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		s.log.WarnContext(ctx, what+" could not be removed; trying again later", "error", err)
		flow.Emit(ctx, "cleaner.failed", slog.String("what", what), slog.Any("error", err))
	case n > 0:
		flow.Emit(ctx, "cleaner.removed", slog.String("what", what), slog.Int64("count", n))
		s.log.InfoContext(ctx, what+" removed", "count", n)
	}
}

// clearThrottles removes budgets that are whole from the database, where they are
// kept there.
func (s *Site) clearThrottles(ctx context.Context) (int64, error) {
	if !s.throttleRows {
		return 0, nil
	}
	return s.own.DeleteIdleThrottles(ctx, time.Now(), 0)
}
