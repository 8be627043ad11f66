package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/database"
)

// clearsessionsCommand removes expired sessions (Django: clearsessions).
type clearsessionsCommand struct {
	databaseFlags
}

const (
	clearBatch    = 1000        // rows removed at a time, so that no lock is held for long
	progressAfter = time.Second // before it nobody wonders
)

// Run removes expired sessions in small steps and says nothing, as Django does;
// on a terminal a counter appears where it takes long.
func (c *clearsessionsCommand) Run(ctx context.Context, con *console) (err error) {
	db, err := c.open(ctx, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return clearSessions(ctx, con, db, con.red)
}

func clearSessions(ctx context.Context, con *console, db *database.DB, progress bool) error {
	start, shown := time.Now(), time.Time{}
	var total int64
	for {
		n, err := db.DeleteExpiredSessions(ctx, start, clearBatch)
		total += n
		if progress && time.Since(start) > progressAfter && time.Since(shown) > progressAfter/4 {
			shown = time.Now()
			fmt.Fprintf(con.err, "\r%d expired sessions removed", total)
		}
		switch {
		case ctx.Err() != nil:
			return errCancelled
		case err != nil:
			return err
		case n < clearBatch:
			if !shown.IsZero() {
				fmt.Fprintf(con.err, "\r%d expired sessions removed.\n", total)
			}
			return nil
		}
	}
}
