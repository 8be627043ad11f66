package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/sessions"
)

// A session that gets another key is in the store under the new one before its client
// knows. A logout that comes with the old key in this moment finds no session, and must
// end it all the same: it takes away the row of the old key, without which the move is
// not completed, and then ends what the old key leads to. The other application does the same
// in the opposite order, so that one of them sees the other.

// kindMoved leads from the old key of a session to the new one, for movedTime: until the
// response is with the client, and a while.
const (
	kindMoved = "moved"
	movedTime = time.Minute
	maxMoves  = 10 // that a key is followed
)

// BeforeMove writes what waits to be written of a session that is about to get another key,
// since the move is only completed if the index has its row. It is for
// middleware.SessionHooks.
func (s *Service) BeforeMove(ctx context.Context, key string) {
	if userID, waits := s.sightings.of(key); waits {
		s.settle(ctx, userID)
	}
}

// recordMove moves the row of a session that got another key. The error is
// sessions.ErrInterrupted if the session was ended under the old key since. A session of
// a Django may have no row yet, and gets one.
func (s *Service) recordMove(ctx context.Context, session *sessions.Session, from string, now seen) error {
	key := string(session.Key())
	text, err := json.Marshal(key)
	if err != nil {
		return fmt.Errorf("accounts: index session: %w", err)
	}
	if err := s.insertLink(ctx, keyHash(from), kindMoved, now.userID, contents{Data: text}, movedTime); err != nil &&
		!errors.Is(err, database.ErrDuplicate) { // the hook is called twice
		return err
	}
	moved, err := s.own.MoveIndexedSession(ctx, keyHash(from), s.row(key, now))
	if err != nil {
		return fmt.Errorf("accounts: index session: %w", err)
	}
	if !moved {
		return s.recordUnmoved(ctx, session, now)
	}
	s.unsee(from)
	s.recent.remember(key, now)
	return nil
}

// recordUnmoved decides about a session whose old key has no row. A login here wrote
// one, so it was taken away.
func (s *Service) recordUnmoved(ctx context.Context, session *sessions.Session, now seen) error {
	key := string(session.Key())
	if _, err := s.own.IndexedSession(ctx, keyHash(key)); err == nil { // this hook moved it before
		return nil
	}
	if _, ours := session.Peek(sessionkeys.Ending); ours {
		return sessions.ErrInterrupted
	}
	_, err := s.own.InsertIndexedSession(ctx, s.row(key, now))
	return err
}

// endMoved removes the row of a session that was ended, and ends what it was moved to
// concurrently.
func (s *Service) endMoved(ctx context.Context, key string) error {
	for range maxMoves {
		s.forget(ctx, key)
		link, err := s.own.LinkByToken(ctx, keyHash(key), kindMoved, s.now())
		if errors.Is(err, database.ErrNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accounts: end session: %w", err)
		}
		if _, err := s.openLink(link, &key); err != nil {
			return nil //nolint:nilerr // a secret key that is gone sealed it
		}
		if err := s.sessions.Session(key).Flush(ctx); err != nil {
			return fmt.Errorf("accounts: end session: %w", err)
		}
	}
	return nil
}
