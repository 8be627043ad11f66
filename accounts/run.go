package accounts

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/database/own"
)

// batch is how many rows housekeeping takes at a time.
const batch = 500

// Clean keeps the tables in order: it removes links that have expired, forgets
// sessions that have ended, and adopts those that others made, where that is due. It is
// what Site.Run does about once an hour.
func (s *Service) Clean(ctx context.Context) error {
	return errors.Join(s.tidyUp(ctx), s.adoptDue(ctx))
}

// tidyUp is Clean without the adoption, which may take long.
func (s *Service) tidyUp(ctx context.Context) error {
	_, err := s.own.DeleteExpiredLinks(ctx, s.now())
	return errors.Join(err, s.forgetBindings(ctx), s.finish(ctx), s.forgetEnded(ctx))
}

// forgetEnded removes rows of sessions that nobody has seen for the life of a
// session, and that have ended. One that lives was used on a node that has no
// index, a Django's, and counts as seen now.
func (s *Service) forgetEnded(ctx context.Context) error {
	now, pace := s.now(), newPace(batch)
	before := now.Add(-s.sessions.Config().CookieAge)
	for {
		began := time.Now()
		rows, err := s.own.IndexedSessionsBefore(ctx, before, pace.rows)
		if err != nil {
			return err
		}
		if err := s.forgetRows(ctx, rows, now); err != nil {
			return err
		}
		if len(rows) < pace.rows {
			return nil
		}
		if err := pace.rest(ctx, time.Since(began)); err != nil {
			return err
		}
	}
}

// forgetRows removes the rows of those sessions that have ended; the others are seen now.
func (s *Service) forgetRows(ctx context.Context, rows []own.IndexedSession, now time.Time) error {
	var dead []string
	var living []own.IndexedSession
	for _, row := range rows {
		alive, err := s.alive(ctx, row)
		switch {
		case err != nil:
			return err
		case alive:
			row.LastSeen = now
			living = append(living, row)
		default:
			dead = append(dead, row.KeyHash)
		}
	}
	if _, err := s.own.SeeIndexedSessions(ctx, living, 0, 0); err != nil {
		return err
	}
	return s.own.DeleteIndexedSessions(ctx, dead)
}

// alive reports whether an indexed session still is one of its user.
func (s *Service) alive(ctx context.Context, row own.IndexedSession) (bool, error) {
	key, err := s.find(ctx, row)
	if err != nil || key == "" {
		return false, err
	}
	return s.signsIn(ctx, key, row.UserID)
}

// signsIn reports whether the store has a session of the user under a key.
func (s *Service) signsIn(ctx context.Context, key, userID string) (bool, error) {
	session := s.sessions.Session(key)
	if _, _, err := session.Get(ctx, sessionkeys.UserID); err != nil {
		return false, err
	}
	return signedInTo(session) == userID, nil
}

// cleanEvery is how often Run cleans.
const cleanEvery = time.Hour

// Run sends emails as they are queued, cleans about once an hour, and adopts sessions when
// that is due, until ctx is done; then it writes what waits for the index, and returns nil. It
// is part of Site.Run.
func (s *Service) Run(ctx context.Context) error {
	defer s.flushLater()
	defer s.startSenders(ctx)()
	var adopting sync.WaitGroup
	defer adopting.Wait()
	adopting.Go(func() { s.keepAdopting(ctx) })
	next := time.Now()
	for ctx.Err() == nil {
		if now := time.Now(); !now.Before(next) {
			if err := s.tidyUp(ctx); err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "accounts could not be kept in order; trying again later", "error", err)
			}
			next = now.Add(cleanEvery)
		}
		if err := s.finish(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "sessions that were ended could not be removed from the store; trying again later", "error", err)
		}
		pauseFor(ctx, pollEvery)
	}
	return nil
}
