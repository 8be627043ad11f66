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

// How the walk through the table of sessions goes, which adopts those that others made.
const (
	walkName = "adopt sessions"

	// walkLease is after how long another node goes on with the walk of one that is silent, and
	// walkKeep how often a node stores how far it is.
	walkLease, walkKeep = time.Minute, time.Second

	// adoptEvery is when the next walk begins after the last one, in a table that is walked
	// through quickly. Otherwise it is so much later that adoptShare of the time is for walks.
	adoptEvery = time.Hour
	adoptShare = 100

	// adoptPoll is how often a node looks whether it is time.
	adoptPoll = time.Minute
)

// lookForWalks finds out whether nodes can share a walk.
func (s *Service) lookForWalks() {
	err := own.Missing(s.config.Database, own.WalkTable)
	if s.walks = err == nil; err != nil && s.inRows() {
		s.log.Warn("sessions that others make, such as a Django, are listed when they are first used here",
			"error", err)
	}
}

// inRows reports whether the sessions are rows in the database.
func (s *Service) inRows() bool {
	_, ok := s.sessions.Config().Store.(sessions.Finder)
	return ok
}

// Adopt puts sessions into the index that others made, such as a Django on the same
// database, and that have not been seen here: all of them now, without a pause, whatever other
// nodes do. It walks through the whole table of sessions. Only the engines that keep rows in the
// database can be walked through; in the others a session is adopted when it is first used here.
func (s *Service) Adopt(ctx context.Context) error {
	if !s.inRows() {
		return nil
	}
	for after := ""; ; {
		last, _, err := s.adoptAfter(ctx, after, batch)
		if err != nil || last == "" {
			return err
		}
		after = last
	}
}

// keepAdopting adopts sessions whenever that is due, until ctx is done.
func (s *Service) keepAdopting(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.adoptDue(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "sessions that others made could not be listed; trying again later",
				"error", err)
			pauseFor(ctx, cleanEvery)
		}
		pauseFor(ctx, adoptPoll)
	}
}

// adoptDue goes on with the walk that all nodes share, if it is due and no other node is on the
// way, and at a pace that lets others work. Where it is broken off, it or another node goes on
// at the place that is in the database.
func (s *Service) adoptDue(ctx context.Context) error {
	if !s.walks || !s.inRows() {
		return nil
	}
	walk := own.Walk{Name: walkName, Holder: s.node, Lease: walkLease}
	after, taken, err := s.own.TakeWalk(ctx, walk, s.now())
	if err != nil || !taken {
		return err
	}
	pace, kept, looked := newPace(batch), time.Now(), 0
	for {
		began := time.Now()
		last, n, err := s.adoptAfter(ctx, after, pace.rows)
		if err != nil {
			return errors.Join(err, s.leaveWalk(ctx, walk, after))
		}
		if looked += n; s.onAdopted != nil {
			s.onAdopted(looked)
		}
		if last == "" {
			return s.own.FinishWalk(ctx, walk, s.now().Add(max(adoptEvery, adoptShare*pace.busy)))
		}
		if after = last; time.Since(kept) > walkKeep {
			if ours, err := s.own.KeepWalk(ctx, walk, placeOf(after), s.now()); !ours || err != nil {
				return err
			}
			kept = time.Now()
		}
		if err := pace.rest(ctx, time.Since(began)); err != nil {
			return errors.Join(err, s.leaveWalk(ctx, walk, after))
		}
	}
}

// leaveWalk leaves a walk that is broken off to the next node.
func (s *Service) leaveWalk(ctx context.Context, walk own.Walk, after string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), indexTimeout)
	defer cancel()
	walk.Lease = 0
	_, err := s.own.KeepWalk(ctx, walk, placeOf(after), s.now())
	return err
}

// placeOf is the beginning of a session's key, enough to go on there, and no key.
func placeOf(key string) string { return key[:min(len(key), prefixLength)] }

// adoptAfter adopts those of the sessions that come after a key, of so many, that the index
// does not have, and returns the last key, "" at the end of the table, and how many it looked at.
func (s *Service) adoptAfter(ctx context.Context, after string, limit int) (last string, looked int, _ error) {
	found, err := s.db.WalkSessions(ctx, after, s.now(), limit)
	if err != nil || len(found) == 0 {
		return "", 0, err
	}
	all := make([]string, len(found))
	for i, one := range found {
		all[i] = keyHash(one.Key)
	}
	known, err := s.own.KnownIndexedSessions(ctx, all)
	if err != nil {
		return "", 0, fmt.Errorf("accounts: adopt sessions: %w", err)
	}
	var rows []own.IndexedSession
	for i, one := range found {
		if known[all[i]] {
			continue
		}
		if row, ok := s.adopted(one); ok {
			rows = append(rows, row)
		}
	}
	_, err = own.EachRow(rows, func(rows []own.IndexedSession) error {
		return s.own.InsertIndexedSessions(ctx, rows)
	})
	if err != nil {
		return "", 0, fmt.Errorf("accounts: adopt sessions: %w", err)
	}
	last = found[len(found)-1].Key
	if len(found) < limit || last == after { // SQLite sorts what is no text behind all texts
		return "", len(found), nil
	}
	return last, len(found), nil
}

// adopted returns the row of a session, and false where nobody is signed in to it.
func (s *Service) adopted(one database.Session) (own.IndexedSession, bool) {
	data, err := s.codec.Decode(one.Data)
	if err != nil { // nobody is signed in to what cannot be read
		return own.IndexedSession{}, false
	}
	userID := sessionkeys.UserOf(data)
	return s.row(one.Key, seen{userID: userID, at: s.now()}), userID != ""
}
