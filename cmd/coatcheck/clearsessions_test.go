package main

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/console"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// TestClearSessions: expired sessions go, in several steps, and others stay.
func TestClearSessions(t *testing.T) {
	for _, where := range testenv.Databases(t) {
		t.Run(where.Engine, func(t *testing.T) {
			db := openDatabase(t, where)
			if _, err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			now := time.Now()
			err := db.Tx(t.Context(), func(ctx context.Context, tx *database.DB) error {
				for i := range 2*clearBatch + 7 {
					session := database.Session{Key: fmt.Sprintf("%032d", i), Data: "x", Expires: now.Add(-time.Hour)}
					if i < 3 {
						session.Expires = now.Add(time.Hour)
					}
					if err := tx.InsertSession(ctx, session); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			var out, errs bytes.Buffer
			if err := clearSessions(t.Context(), &console.Console{Out: &out, Err: &errs}, db, false); err != nil {
				t.Fatal(err)
			}
			if out.Len()+errs.Len() > 0 {
				t.Errorf("it says %q %q", &out, &errs)
			}
			var left int
			if err := db.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM django_session").Scan(&left); err != nil || left != 3 {
				t.Errorf("%d sessions are left, %v", left, err)
			}
		})
	}
}
