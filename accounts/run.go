package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/sessions"
)

// batch is how many rows housekeeping takes at a time, and pause how long it lets
// others work after each.
const (
	batch = 500
	pause = 50 * time.Millisecond
)

// Clean keeps the tables in order: it removes links that have expired, forgets
// sessions that have ended, and adopts those that others made. It is part of
// Site.Run, about once an hour.
func (s *Service) Clean(ctx context.Context) error {
	_, err := s.own.DeleteExpiredLinks(ctx, s.now())
	return errors.Join(err, s.finish(ctx), s.forgetEnded(ctx), s.Adopt(ctx))
}

// forgetEnded removes rows of sessions that nobody has seen for the life of a
// session, and that have ended. One that lives was used on a node that has no
// index, a Django's, and counts as seen now.
func (s *Service) forgetEnded(ctx context.Context) error {
	now := s.now()
	before := now.Add(-s.sessions.Config().CookieAge)
	for {
		rows, err := s.own.IndexedSessionsBefore(ctx, before, batch)
		if err != nil {
			return err
		}
		for _, row := range rows {
			alive, err := s.alive(ctx, row)
			if err != nil {
				return err
			}
			if alive {
				row.LastSeen = now
				_, err = s.own.SeenIndexedSession(ctx, row)
			} else {
				err = s.own.DeleteIndexedSession(ctx, row.KeyHash)
			}
			if err != nil {
				return err
			}
		}
		if len(rows) < batch {
			return nil
		}
		if err := rest(ctx); err != nil {
			return err
		}
	}
}

// alive reports whether an indexed session still is one of its user.
func (s *Service) alive(ctx context.Context, row own.IndexedSession) (bool, error) {
	key, err := s.find(ctx, row)
	if err != nil || key == "" {
		return false, err
	}
	session := s.sessions.Session(key)
	if _, _, err := session.Get(ctx, sessionkeys.UserID); err != nil {
		return false, err
	}
	return signedInTo(session) == row.UserID, nil
}

// rest lets others work.
func rest(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pause):
		return nil
	}
}

// Adopt puts sessions into the index that others made, such as a Django on the same
// database, and that have not been seen here. It walks through the table of
// sessions in small pieces; the next time it goes on where it was, since a new
// session ends later than those before it. Only the engines that keep rows in the
// database can be walked through; in the others a session is adopted when it is
// first used here.
func (s *Service) Adopt(ctx context.Context) error {
	if _, ok := s.sessions.Config().Store.(sessions.Finder); !ok {
		return nil
	}
	for {
		rows, err := s.db.SessionsAfter(ctx, s.adopted, batch)
		if err != nil {
			return fmt.Errorf("accounts: adopt sessions: %w", err)
		}
		for _, row := range rows {
			if err := s.adopt(ctx, row); err != nil {
				return err
			}
			s.adopted = row
		}
		if len(rows) < batch {
			return nil
		}
		if err := rest(ctx); err != nil {
			return err
		}
	}
}

// adopt puts one session into the index if somebody is signed in to it.
func (s *Service) adopt(ctx context.Context, row database.Session) error {
	data, err := s.codec.Decode(row.Data)
	if err != nil || row.Expires.Before(s.now()) {
		return nil //nolint:nilerr // nobody is signed in to what cannot be read
	}
	userID := sessionkeys.UserOf(data)
	if userID == "" {
		return nil
	}
	now := s.now()
	_, err = s.own.InsertIndexedSession(ctx, own.IndexedSession{
		KeyHash: keyHash(row.Key), UserID: userID, Locator: s.locator(row.Key), Method: MethodElsewhere, Created: now, LastSeen: now,
	})
	if errors.Is(err, database.ErrInvalid) { // an id that is none
		return nil
	}
	return err
}

// cleanEvery is how often Run cleans.
const cleanEvery = time.Hour

// Run sends emails as they are queued, and cleans about once an hour, until ctx is
// done; it returns nil then. It is part of Site.Run.
func (s *Service) Run(ctx context.Context) error {
	defer s.startSenders(ctx)()
	next := time.Now()
	for ctx.Err() == nil {
		if now := time.Now(); !now.Before(next) {
			if err := s.Clean(ctx); err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "accounts could not be kept in order; trying again later", "error", err)
			}
			next = now.Add(cleanEvery)
		}
		if err := s.finish(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "sessions that were ended could not be removed from the store; trying again later", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pollEvery):
		}
	}
	return nil
}
