package accounts

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/sessions"
)

// walkTime is how long a request walks through the store of sessions for those that
// are not in the index. Run goes on with the rest.
const walkTime = 3 * time.Second

// An ending ends all sessions of a user, but for one perhaps. It takes two means. The
// first is the number of the ending, which every check of a session on every node looks
// at: from then on no older session signs anybody in here, in whichever store it is,
// whether the index has it or not. The second is to remove the sessions themselves, by
// the index and by a walk through the store, for the others who read that store, such
// as a Django.
type ending struct {
	*Service
	user    *auth.User
	keep    sessions.Key // that of the session that stays, or ""
	last    int64        // the number of the ending before this one
	current int64        // and the number of this one
	// removed counts the sessions that signed the user in until now.
	removed int
	// walked is called after each session that the walk looked at; it may be nil.
	walked func(sessions int)
}

// run ends what there is, and then what began concurrently. Whatever cannot be removed,
// the number is stored, so that no session of before is good here.
func (e *ending) run(ctx context.Context, walkTime time.Duration) (err error) {
	if e.last, err = e.number(ctx); err != nil {
		return err
	}
	err = errors.Join(e.removeIndexed(ctx), e.walk(ctx, walkTime))
	if _, again := e.number(ctx); again != nil {
		return errors.Join(err, again)
	}
	if err := errors.Join(err, e.removeIndexed(ctx)); err != nil {
		return fmt.Errorf("accounts: end sessions: %w", err)
	}
	return nil
}

// number stores the number of the ending, and returns the one before. The session that
// stays gets it before, so that it is good at every moment.
func (e *ending) number(ctx context.Context) (last int64, err error) {
	last, err = e.own.Ending(ctx, e.user.ID)
	if err != nil {
		return 0, fmt.Errorf("accounts: end sessions: %w", err)
	}
	next := max(e.now().UnixMicro(), last+1)
	if err := e.stamp(ctx, next); err != nil {
		return 0, err
	}
	e.current, err = e.own.NextEnding(ctx, e.user.ID, time.UnixMicro(next))
	if err != nil {
		return 0, fmt.Errorf("accounts: end sessions: %w", err)
	}
	if e.current != next { // another ending came between
		return last, e.stamp(ctx, e.current)
	}
	return last, nil
}

// stamp lets the session that stays outlive an ending. The error is
// sessions.ErrInterrupted if it has ended itself.
func (e *ending) stamp(ctx context.Context, number int64) error {
	if e.keep == "" {
		return nil
	}
	session := e.sessions.Session(string(e.keep))
	if err := session.Set(ctx, sessionkeys.Ending, number); err != nil {
		return err
	}
	if session.Key() != e.keep {
		return sessions.ErrInterrupted
	}
	err := session.Save(ctx)
	if errors.Is(err, sessions.ErrReadOnly) { // no number can be kept in it, so it ends too
		e.keep, err = "", nil
	}
	return err
}

// removeIndexed removes the sessions that the index has.
func (e *ending) removeIndexed(ctx context.Context) error {
	e.settle(ctx, e.user.ID)
	after := ""
	for {
		rows, err := e.own.WalkIndexedSessions(ctx, e.user.ID, after, batch)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if e.keep != "" && row.KeyHash == keyHash(string(e.keep)) {
				continue
			}
			if err := e.removeRow(ctx, row); err != nil {
				return err
			}
		}
		if len(rows) < batch {
			return nil
		}
		after = rows[len(rows)-1].KeyHash
	}
}

func (e *ending) removeRow(ctx context.Context, row own.IndexedSession) error {
	key, err := e.find(ctx, row)
	if err != nil {
		return err
	}
	if key != "" {
		if stays, err := e.remove(ctx, key); stays || err != nil {
			return err
		}
	}
	return e.own.DeleteIndexedSession(ctx, row.KeyHash)
}

// remove removes a session of the user that signs nobody in any more. One that began
// after the ending stays.
func (e *ending) remove(ctx context.Context, key string) (stays bool, err error) {
	session := e.sessions.Session(key)
	data, err := session.Data(ctx)
	if err != nil {
		return false, err
	}
	if sessionkeys.UserOf(data) != e.user.ID {
		return false, nil
	}
	if e.auth.Holds(data, e.user, e.current) {
		return true, nil
	}
	if err := session.Flush(ctx); err != nil {
		return false, err
	}
	e.unsee(key)
	if e.auth.Holds(data, e.user, e.last) {
		e.removed++
	}
	return false, nil
}

// walk removes the sessions that the index does not have: it looks at every session in
// the store. A store that cannot list what it holds has none that others could read
// without the number, unless a Django shares it. What takes longer than walkTime is
// left to Run; 0 is for however long it takes.
func (e *ending) walk(ctx context.Context, walkTime time.Duration) error {
	walker, ok := e.sessions.Config().Store.(sessions.Walker)
	if !ok {
		return nil
	}
	walking, cancel := ctx, context.CancelFunc(func() {})
	if walkTime > 0 {
		walking, cancel = context.WithTimeout(ctx, walkTime)
	}
	defer cancel()
	looked := 0
	err := walker.Walk(walking, func(key string, data sessions.Data) error {
		looked++
		if e.walked != nil {
			e.walked(looked)
		}
		if sessionkeys.UserOf(data) != e.user.ID || key == string(e.keep) {
			return nil
		}
		_, err := e.remove(walking, key)
		return err
	})
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return nil
	case err != nil && walking.Err() != nil && ctx.Err() == nil:
		e.unfinished.add(e.user.ID)
		return nil
	}
	return err
}

// unfinished are the users whose ending had too long a walk for a request.
type unfinished struct {
	mu    sync.Mutex // guards what follows
	users map[string]bool
}

func (u *unfinished) add(userID string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.users == nil {
		u.users = map[string]bool{}
	}
	u.users[userID] = true
}

// take returns one of them, or "", and forgets it.
func (u *unfinished) take() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id := range u.users {
		delete(u.users, id)
		return id
	}
	return ""
}

// finish walks to the end for the endings that requests had no time for. Their numbers
// are stored, so that what is left matters to others who read the store.
func (s *Service) finish(ctx context.Context) error {
	for id := s.unfinished.take(); id != ""; id = s.unfinished.take() {
		err := s.finishOne(ctx, id)
		if err != nil && !errors.Is(err, database.ErrNotFound) {
			s.unfinished.add(id)
			return err
		}
	}
	return nil
}

func (s *Service) finishOne(ctx context.Context, userID string) error {
	user, err := s.db.UserByID(ctx, userID)
	if err != nil {
		return err
	}
	e := &ending{Service: s, user: user}
	if e.current, err = s.own.Ending(ctx, userID); err != nil {
		return err
	}
	return e.walk(ctx, 0)
}

// endAll ends the sessions of a user, but for the one to be kept, and returns how many
// there were.
func (s *Service) endAll(ctx context.Context, user *auth.User, keep sessions.Key, walkTime time.Duration) (int, error) {
	return (&ending{Service: s, user: user, keep: keep}).around(ctx, walkTime)
}

// around calls the hooks around the ending, and records it.
func (e *ending) around(ctx context.Context, walkTime time.Duration) (int, error) {
	told := audit.Event{Code: "all-sessions-ended", User: e.user}
	if e.keep != "" {
		told.Code = "other-sessions-ended"
	}
	err := e.aroundEnding(ctx, e.user, "", func(ctx context.Context) error { return e.run(ctx, walkTime) })
	if e.current > 0 { // whatever could not be removed, no older session signs anybody in
		err = errors.Join(err, e.record(ctx, told))
	}
	e.log.InfoContext(ctx, "sessions ended", requestinfo.LogClient(ctx), "user", e.user.ID,
		"count", e.removed)
	return e.removed, err
}

// aroundEnding calls the hooks about the end of the session with this ID, or, where that
// is empty, of all.
func (s *Service) aroundEnding(ctx context.Context, user *auth.User, id string, end func(context.Context) error) error {
	event := &hooks.Event{User: user, Request: hooks.RequestFromContext(ctx), Session: id}
	return s.auth.Hooks().SessionEnded.Around(ctx, s.db, event, end)
}

// tidy removes the sessions of a user whose password was changed. They sign nobody in
// already, so that a failure of the store is logged and nothing else.
func (s *Service) tidy(ctx context.Context, user *auth.User) {
	e := &ending{Service: s, user: user}
	var err error
	if e.current, err = s.own.Ending(ctx, user.ID); err == nil {
		err = e.removeIndexed(ctx)
	}
	if err != nil {
		s.log.WarnContext(ctx, "ended sessions could not be removed; they are removed when they are used", "user", user.ID, "error", err)
	}
}

// EndSessions ends all sessions of a user, wherever they were made and whatever the
// index knows of them, and returns how many were removed. It looks at every session in
// the store, however long that takes, and tells progress how many it has looked at;
// progress may be nil. It is for the operator who runs the site. The error is a failure
// of the store; no session of before signs anybody in here then either, unless the
// database failed.
func (s *Service) EndSessions(ctx context.Context, user *auth.User, progress func(looked int)) (int, error) {
	return (&ending{Service: s, user: user, walked: progress}).around(ctx, 0)
}
