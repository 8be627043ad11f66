package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/console"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/signing"
)

// clearsessionsCommand removes expired sessions (Django: clearsessions), and old events of the
// audit log.
type clearsessionsCommand struct {
	Site signedInFlags `embed:""`
}

const (
	clearBatch    = 1000        // rows removed at a time, so that no lock is held for long
	progressAfter = time.Second // before it nobody wonders
)

// Run removes expired sessions in small steps and says nothing, as Django does;
// on a terminal a counter appears where it takes long. Caches and browsers remove expired
// sessions by themselves.
func (c *clearsessionsCommand) Run(ctx context.Context, con *console.Console) error {
	switch c.Site.Engine.Name {
	case "cache", "signed_cookies":
		return nil
	case "file":
		return c.clearFiles(ctx)
	}
	return c.clearRows(ctx, con)
}

// clearFiles removes those of the engine "file", which needs no database.
func (c *clearsessionsCommand) clearFiles(ctx context.Context) error {
	if err := c.Site.Engine.mustExist(); err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	key, err := c.Site.Secret.load(c.Site.Database.folder(), log)
	if err != nil {
		return fmt.Errorf("sessions need the secret key by which they are signed: %w", err)
	}
	loc, err := c.Site.Database.location()
	if err != nil {
		return err
	}
	config, err := c.Site.Sessions.config(loc, c.Site.Engine.Serializer)
	if err != nil {
		return err
	}
	store, closeStore, err := c.Site.Engine.store(ctx, nil, key, c.Site.Secret.AcceptSHA1, config, log)
	if err != nil {
		return err
	}
	defer closeStore()
	if clearer, ok := store.(sessions.Clearer); ok {
		_, err = clearer.ClearExpired(ctx)
	}
	if ctx.Err() != nil {
		return console.ErrCancelled
	}
	return err
}

// clearRows removes those of the table.
func (c *clearsessionsCommand) clearRows(ctx context.Context, con *console.Console) (err error) {
	db, err := c.Site.Database.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := c.clearEvents(ctx, db); err != nil {
		return err
	}
	return clearSessions(ctx, con, db, con.Red)
}

// clearEvents removes old events of the audit log.
func (c *clearsessionsCommand) clearEvents(ctx context.Context, db *database.DB) error {
	log, err := c.Site.Audit.open(db, signing.Keys{Secret: rand.Text() + rand.Text()}) // names no session
	if err == nil {
		_, err = log.Clean(ctx)
	}
	if ctx.Err() != nil {
		return console.ErrCancelled
	}
	return err
}

func clearSessions(ctx context.Context, con *console.Console, db *database.DB, progress bool) error {
	start, shown := time.Now(), time.Time{}
	var total int64
	for {
		n, err := db.DeleteExpiredSessions(ctx, start, clearBatch)
		total += n
		if progress && time.Since(start) > progressAfter && time.Since(shown) > progressAfter/4 {
			shown = time.Now()
			fmt.Fprintf(con.Err, "\r%d expired sessions removed", total)
		}
		switch {
		case ctx.Err() != nil:
			return console.ErrCancelled
		case err != nil:
			return err
		case n < clearBatch:
			if !shown.IsZero() {
				fmt.Fprintf(con.Err, "\r%d expired sessions removed.\n", total)
			}
			return nil
		}
	}
}
