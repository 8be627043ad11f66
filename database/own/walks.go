package own

import (
	"context"
	"errors"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/internal/column"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// Walk is a walk through a table that the nodes of a site share: one of them walks at a time,
// and where it stops another one goes on. The row in coatcheck_walk says how far it is. Times
// are those of the nodes' own clocks, so keep the clocks together, by NTP for instance.
type Walk struct {
	// Name is which walk it is, at most 40 characters.
	Name string
	// Holder names the node, at most 64 characters.
	Holder string
	// Lease is how long a node may be silent until another one takes over.
	Lease time.Duration
}

type walkQueries struct{ state, first, take, place, keep, finish dialect.Query }

func newWalkQueries(d *dialect.Dialect) walkQueries {
	const from = " FROM coatcheck_walk WHERE name = ?1"
	third, fourth := d.ID("?3"), d.ID("?4")
	q := walkQueries{
		state: d.Query("state of the walk read", "SELECT holder, leased, due"+from),
		first: d.Query("walk begun", "INSERT INTO coatcheck_walk (name, place, holder, leased, due)"+
			" VALUES (?1, '', '', 0, 0)"+d.DoNothing("name")),
		take: d.Query("walk taken", "UPDATE coatcheck_walk SET holder = ?2, leased = "+fourth+
			" WHERE name = ?1 AND due <= "+third+" AND (leased <= "+third+" OR holder = ?2)"),
		place: d.Query("place of the walk read", "SELECT place"+from+" AND holder = ?2"),
		keep: d.Query("place of the walk kept", "UPDATE coatcheck_walk SET place = ?3, leased = "+fourth+
			" WHERE name = ?1 AND holder = ?2"),
		finish: d.Query("walk finished", "UPDATE coatcheck_walk SET place = '', leased = 0, due = "+third+
			" WHERE name = ?1 AND holder = ?2"),
	}
	q.place.Write = true // after the statement that took the walk
	return q
}

// TakeWalk begins a walk, or goes on with it, and returns the place where it is; "" is the
// beginning. It reports false where the walk is not due, or another node is on the way.
func (s *Store) TakeWalk(ctx context.Context, w Walk, now time.Time) (place string, ok bool, err error) {
	if err := column.Check(column.Of("name", w.Name, 40), column.Of("holder", w.Holder, 64)); err != nil {
		return "", false, err
	}
	if free, err := s.freeWalk(ctx, w, now); !free || err != nil {
		return "", false, err
	}
	until := now.Add(w.Lease)
	count, err := s.db.Exec(ctx, &s.q.walks.take, w.Name, w.Holder, now.UnixMicro(), until.UnixMicro())
	if err != nil || count == 0 {
		return "", false, err
	}
	err = s.db.Row(ctx, &s.q.walks.place, []any{w.Name, w.Holder}, &place)
	if errors.Is(err, database.ErrNotFound) { // another node was given it in between
		return "", false, nil
	}
	return place, err == nil, err
}

// freeWalk looks whether a walk can be taken, without a write while it cannot, and adds the row
// if there is none.
func (s *Store) freeWalk(ctx context.Context, w Walk, now time.Time) (bool, error) {
	var holder string
	var leased, due int64
	err := s.db.Row(ctx, &s.q.walks.state, []any{w.Name}, &holder, &leased, &due)
	if errors.Is(err, database.ErrNotFound) {
		_, err := s.db.Exec(ctx, &s.q.walks.first, w.Name)
		if errors.Is(err, database.ErrDuplicate) { // MySQL
			err = nil
		}
		return true, err
	}
	at := now.UnixMicro()
	return due <= at && (leased <= at || holder == w.Holder), err
}

// KeepWalk stores how far the walk is and renews the lease, and reports whether the walk is
// still this node's. With a Lease of zero it leaves the walk to others.
func (s *Store) KeepWalk(ctx context.Context, w Walk, place string, now time.Time) (bool, error) {
	if err := column.Check(column.Of("place", place, 40)); err != nil {
		return false, err
	}
	count, err := s.db.Exec(ctx, &s.q.walks.keep, w.Name, w.Holder, place, now.Add(w.Lease).UnixMicro())
	return count > 0, err
}

// FinishWalk ends the walk at the end of the table. The next one begins at the time given.
func (s *Store) FinishWalk(ctx context.Context, w Walk, due time.Time) error {
	_, err := s.db.Exec(ctx, &s.q.walks.finish, w.Name, w.Holder, due.UnixMicro())
	return err
}
