package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/bench/proc"
)

// patience bounds how long background work is watched.
const patience = 5 * time.Minute

// adopt measures how sessions that Django made come into the list of sessions, and what
// signed-in requests feel of it.
func (b *bench) adopt(ctx context.Context) ([]Row, error) {
	c := Case{On: "postgres", Data: "adoption"}
	one, err := b.site(ctx, c, false)
	if err != nil {
		return nil, err
	}
	defer one.process.stop()
	db, err := sql.Open("pgx", one.data.url)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	listed := func() (n int, err error) {
		return n, db.QueryRowContext(ctx, "SELECT count(*) FROM coatcheck_session").Scan(&n)
	}
	rows := b.pair(adoption, adopting, c)
	if err := b.quiet(ctx, one, &rows[0]); err != nil {
		return nil, err
	}
	first, err := listed()
	if err != nil {
		return nil, err
	}
	if _, err := ask(ctx, http.MethodPost, one.process.ready.Control+"/run"); err != nil {
		return nil, err
	}
	for begin, before := time.Now(), first; before < len(one.data.keys); {
		s, err := b.watched(ctx, one, besideRate, slice)
		if err != nil {
			return nil, err
		}
		now, err := listed()
		if err != nil {
			return nil, err
		}
		perRow(&s, now-before)
		before = now
		rows[1].Samples = append(rows[1].Samples, s)
		if time.Since(begin) > patience {
			b.say("%s: after %v there are %d of %d", adoption, patience, now, len(one.data.keys))
			break
		}
	}
	return rows, nil
}

// perRow derives what one row cost from what a slice of background work cost.
func perRow(s *Sample, rows int) {
	if rows == 0 {
		return
	}
	s.Extra[secondsPerMillion] = s.Database.Seconds() / float64(rows) * 1e6
	s.Extra[rowsPerSecond] = float64(rows) / s.Elapsed.Seconds()
}

// quiet measures the requests that go on beside something, before it begins.
func (b *bench) quiet(ctx context.Context, c *contender, row *Row) error {
	for range 3 {
		s, err := b.watched(ctx, c, besideRate, slice)
		if err != nil {
			return err
		}
		row.Samples = append(row.Samples, s)
	}
	return nil
}

// cleanUp measures how expired sessions are removed, and what signed-in requests feel of it.
func (b *bench) cleanUp(ctx context.Context) ([]Row, error) {
	c := Case{On: "postgres", Data: "clean-up"}
	one, err := b.site(ctx, c, false)
	if err != nil {
		return nil, err
	}
	defer one.process.stop()
	rows := b.pair(cleanup, clearing, c)
	if err := b.quiet(ctx, one, &rows[0]); err != nil {
		return nil, err
	}
	cleared := b.clear(ctx, one)
	s, err := b.watched(ctx, one, besideRate, slice)
	if err != nil {
		return nil, err
	}
	end := <-cleared
	if end.err == nil && end.removed != b.Sessions {
		end.err = fmt.Errorf("%d expired sessions went, not %d", end.removed, b.Sessions)
	}
	if end.err != nil {
		return nil, end.err
	}
	s.Database, s.Extra[rowsPerSecond] = end.database, float64(end.removed)/end.took.Seconds()
	s.Extra[secondsPerMillion] = end.database.Seconds() / float64(end.removed) * 1e6
	rows[1].Samples = append(rows[1].Samples, s)
	return rows, nil
}

// cleared is what came of a clean-up.
type cleared struct {
	removed        int
	took, database time.Duration
	err            error
}

// clear has a server remove expired sessions, and returns what came of it when that is known.
func (b *bench) clear(ctx context.Context, one *contender) <-chan cleared {
	done := make(chan cleared, 1)
	go func() {
		var c cleared
		var errs [4]error
		pids, _ := b.databasePIDs(one.Case)
		begin := time.Now()
		before, err := proc.Tree(pids...)
		errs[0] = err
		text, err := ask(ctx, http.MethodPost, one.process.ready.Control+"/clear")
		errs[1] = err
		after, err := proc.Tree(pids...)
		errs[2] = err
		if err == nil {
			errs[3] = json.Unmarshal(text, &c.removed)
		}
		c.took, c.database, c.err = time.Since(begin), after.Since(before), errors.Join(errs[:]...)
		done <- c
	}()
	return done
}
