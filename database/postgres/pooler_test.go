package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

// work does what requests do, so often that the pooler hands on every connection.
func work(ctx context.Context, db *database.DB, name string) error {
	u := &database.User{Username: name, IsActive: true}
	if err := db.CreateUnique(ctx, u, false); err != nil {
		return fmt.Errorf("create: %w", err)
	}
	now := time.Now()
	for i := range 6 {
		s := database.Session{Key: fmt.Sprintf("%s%d", name, i), Data: "x", Expires: now.Add(time.Hour)}
		_, byID := db.UserByID(ctx, u.ID)
		_, byName := db.UserByUsername(ctx, name)
		inserted := db.InsertSession(ctx, s)
		_, read := db.SessionByKey(ctx, s.Key, now)
		_, ended := own.New(db).NextEnding(ctx, u.ID, now)
		_, _, permissions := db.PermissionsOf(ctx, u.ID)
		if err := errors.Join(byID, byName, inserted, read, ended, permissions); err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
	}
	return db.DeleteUser(ctx, u.ID)
}

// together runs the work of many at once, and fails the test for each that fails.
func together(t *testing.T, db *database.DB, prefix string) {
	t.Helper()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if err := work(t.Context(), db, fmt.Sprintf("%s%d", prefix, i)); err != nil {
				t.Errorf("worker %d: %v", i, err)
			}
		})
	}
	all.Wait()
}

// Behind PgBouncer in transaction mode a statement that one connection prepared is
// asked of another: nothing fails, whatever the DSN says of it.
func TestPgBouncer(t *testing.T) {
	pooled := testenv.PgBouncer(t, testenv.PostgresDatabase(t), "pool_mode = transaction\ndefault_pool_size = 2").DSN()
	told := with(t, pooled, "default_query_exec_mode", "cache_statement")
	t.Run("by itself", func(t *testing.T) { together(t, open(t, pooled), "quiet") })
	t.Run("told to prepare", func(t *testing.T) { together(t, open(t, told), "loud") })
	t.Run("a program's own statements", func(t *testing.T) {
		db := open(t, pooled)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for i := range 20 {
					got := 0
					err := db.SQL().QueryRowContext(t.Context(), "SELECT $1::int + 1", i).Scan(&got)
					if err != nil || got != i+1 {
						t.Errorf("%d and one is %d, %v", i, got, err)
					}
				}
			})
		}
		all.Wait()
	})
}

// What another program changes about a statement that is prepared costs no request:
// the type of a column, as a Django migration does, or the statement itself.
func TestChangedStatements(t *testing.T) {
	dsn := with(t, testenv.Postgres(t), "pool_max_conns", "8")
	db, other := open(t, dsn), open(t, dsn)
	together(t, db, "before")
	for i, change := range []string{
		"ALTER TABLE auth_user ALTER COLUMN first_name TYPE varchar(200)",
		"ALTER TABLE django_session ALTER COLUMN session_data TYPE varchar(100000)",
		"ALTER TABLE coatcheck_ending ALTER COLUMN ending TYPE numeric",
		"ALTER TABLE auth_permission ALTER COLUMN codename TYPE text",
		"ALTER TABLE auth_user ALTER COLUMN id TYPE bigint",
	} {
		if _, err := other.SQL().ExecContext(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		together(t, db, fmt.Sprintf("after%d_", i))
	}
}

// A program may set what it likes on its pool, and keep all of its connections: requests
// have others.
func TestPoolApart(t *testing.T) {
	db := open(t, with(t, testenv.Postgres(t), "pool_max_conns", "4"))
	pool := db.Pool()
	pool.SetMaxIdleConns(4)
	for range 4 {
		conn, err := pool.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close() //nolint:errcheck // the pool is closed anyway
		if _, err := conn.ExecContext(t.Context(), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	together(t, db, "user")
}
