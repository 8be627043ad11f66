package database_test

import (
	"context"
	"errors"
	"testing"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/google/go-cmp/cmp"
)

func TestTxIsAllOrNothing(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		failure := errors.New("changed my mind")
		write := func(ctx context.Context, tx *database.DB, name string) error {
			u := &database.User{Username: name}
			if err := tx.CreateUser(ctx, u); err != nil {
				return err
			}
			if _, err := tx.UserByID(ctx, u.ID); err != nil { // it sees its own write
				t.Error(err)
			}
			return tx.Tx(ctx, func(ctx context.Context, inner *database.DB) error { // joins
				return inner.InsertSession(ctx, session(name, "x"))
			})
		}
		err := db.Tx(ctx, func(ctx context.Context, tx *database.DB) error {
			return errors.Join(write(ctx, tx, "failing"), failure)
		})
		if !errors.Is(err, failure) {
			t.Errorf("Tx: %v", err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("Tx swallowed a panic")
				}
			}()
			_ = db.Tx(ctx, func(ctx context.Context, tx *database.DB) error {
				must(t, write(ctx, tx, "panicking"))
				panic("x")
			})
		}()
		cancelled, cancel := context.WithCancel(ctx)
		err = db.Tx(cancelled, func(ctx context.Context, tx *database.DB) error {
			must(t, write(ctx, tx, "cancelled"))
			cancel()
			return nil
		})
		if err == nil {
			t.Error("Tx committed under a cancelled context")
		}
		must(t, db.Tx(ctx, func(ctx context.Context, tx *database.DB) error {
			if err := tx.Close(); err == nil {
				t.Error("a transaction's handle can be closed")
			}
			if _, err := tx.Migrate(ctx); err == nil {
				t.Error("Migrate runs within a transaction")
			}
			return write(ctx, tx, "kept")
		}))
		if users, sessions := count(t, db, "auth_user"), count(t, db, "django_session"); users != 1 || sessions != 1 {
			t.Errorf("%d users and %d sessions, want what was committed", users, sessions)
		}
	})
}

func TestCancelledContext(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		u := user(t, db, "joe")
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := db.UserByID(cancelled, u.ID); !errors.Is(err, context.Canceled) {
			t.Errorf("UserByID: %v", err)
		}
		if err := db.InsertSession(cancelled, session(key, "x")); !errors.Is(err, context.Canceled) {
			t.Errorf("InsertSession: %v", err)
		}
		if _, err := db.UserByID(t.Context(), u.ID); err != nil { // and the pool lives on
			t.Error(err)
		}
	})
}

func TestClosedDatabaseIsAnError(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		db, err := e.open(t.Context(), e.fresh(t).DSN(), nil, false)
		must(t, err)
		must(t, db.Ping(t.Context()))
		must(t, db.Close())
		_, err = db.SessionByKey(t.Context(), key, moment)
		if err == nil || errors.Is(err, database.ErrNotFound) {
			t.Errorf("SessionByKey on a closed database: %v", err) // an outage is never a logout
		}
		if err := db.Ping(t.Context()); err == nil {
			t.Error("Ping on a closed database")
		}
	})
}

// When a server cuts every connection, as in a restart, readers notice nothing.
func TestCutConnections(t *testing.T) {
	for _, e := range engines[1:] {
		t.Run(e.name, func(t *testing.T) {
			ctx := t.Context()
			where := e.fresh(t)
			db, operator := e.reopen(t, where, nil), e.reopen(t, where, nil)
			u := user(t, db, "joe")
			must(t, db.GrantUser(ctx, u.ID, "auth.add_user"))
			for range 3 {
				together(4, func(int) { // fills the pool
					_, err := db.UserByID(ctx, u.ID)
					must(t, err)
				})
				cut(t, operator)
				together(4, func(int) {
					_, userErr := db.UserByID(ctx, u.ID)
					granted, _, err := db.PermissionsOf(ctx, u.ID)
					if userErr != nil || err != nil || len(granted) != 1 {
						t.Errorf("UserByID: %v; PermissionsOf: %v, %v", userErr, granted, err)
					}
				})
			}
		})
	}
}

// cut ends every connection to the database but its own.
func cut(t *testing.T, db *database.DB) {
	t.Helper()
	if db.Engine() == "postgres" {
		run(t, db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"+
			" WHERE datname = current_database() AND pid <> pg_backend_pid()")
		return
	}
	rows, err := db.SQL().QueryContext(t.Context(),
		"SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()")
	must(t, err)
	var ids []string
	for rows.Next() {
		var id string
		must(t, rows.Scan(&id))
		ids = append(ids, id)
	}
	must(t, rows.Close())
	for _, id := range ids { // one of them may be gone by now
		_, _ = db.SQL().ExecContext(t.Context(), "KILL "+id)
	}
}

func TestTrace(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		trace := flow.NewTrace()
		ctx := flow.WithSink(t.Context(), trace)
		must(t, db.InsertSession(ctx, session(key, "canary")))
		_, _ = db.SessionByKey(ctx, key, moment)
		_, _ = db.UserByID(ctx, "5")
		_, _, _ = db.PermissionsOf(ctx, "5")
		want := []string{
			"database.changed query=session row inserted rows=1 table=django_session",
			"database.row query=session row read found=true table=django_session",
			"database.row query=user row read found=false table=coatcheck_ending,auth_user",
			"database.rows query=permissions of user and groups read rows=0 table=auth_permission,auth_user_user_permissions,django_content_type,auth_group_permissions,auth_user_groups",
		}
		var got []string
		for _, e := range trace.Events() {
			line := string(e.Code)
			for _, a := range e.Attrs {
				line += " " + a.String()
			}
			got = append(got, line)
			if e.Start.IsZero() || e.Code.Layer() != flow.Database {
				t.Errorf("%s: of %s, began at %v", line, e.Code.Layer(), e.Start)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestTxByContext: a context is of its own transaction and database only, and of none when
// that is over.
func TestTxByContext(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		other := sqliteInMemory(t)
		var kept context.Context
		calls := ""
		database.OnCommit(t.Context(), func() { calls += "a" })
		must(t, db.Tx(t.Context(), func(ctx context.Context, _ *database.DB) error {
			kept = ctx
			database.OnCommit(ctx, func() { calls += "c" })
			calls += "b"
			must(t, other.CreateUser(ctx, &database.User{Username: "elsewhere"}))
			if _, err := other.UserByUsername(t.Context(), "elsewhere"); err != nil {
				t.Errorf("another database joined: %v", err)
			}
			return db.CreateUser(ctx, &database.User{Username: "ada"})
		}))
		must(t, db.CreateUser(kept, &database.User{Username: "bea"}))
		database.OnCommit(kept, func() { calls += "d" })
		if calls != "abcd" {
			t.Errorf("calls: %s", calls)
		}
		for _, name := range []string{"ada", "bea"} {
			if _, err := db.UserByUsername(t.Context(), name); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func sqliteInMemory(t *testing.T) *database.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), ":memory:")
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}
