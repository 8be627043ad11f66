package postgres_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/internal/testenv"
)

func open(t *testing.T, dsn string) *database.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// with adds a parameter to a DSN.
func with(t *testing.T, dsn, name, value string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set(name, value)
	u.RawQuery = query.Encode()
	return u.String()
}

// Behind PgBouncer statements cannot be prepared: every way of pgx to run one
// gives the same.
func TestQueryModes(t *testing.T) {
	dsn := testenv.Postgres(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			ctx := t.Context()
			db := open(t, with(t, dsn, "default_query_exec_mode", mode))
			u := &database.User{Username: mode, IsActive: true, LastLogin: at}
			if err := db.CreateUser(ctx, u); err != nil {
				t.Fatal(err)
			}
			got, err := db.UserByID(ctx, u.ID)
			if err != nil || !got.LastLogin.Equal(at) || !got.IsActive || got.IsStaff {
				t.Errorf("UserByID = %+v, %v", got, err)
			}
			s := database.Session{Key: mode, Data: `x'\`, Expires: at}
			if err := db.InsertSession(ctx, s); err != nil {
				t.Fatal(err)
			}
			s.Data = "y"
			if err := db.UpdateSession(ctx, s, `x'\`); err != nil {
				t.Error(err)
			}
			read, err := db.SessionByKey(ctx, mode, at.Add(-time.Microsecond))
			if err != nil || read.Data != "y" || !read.Expires.Equal(at) {
				t.Errorf("SessionByKey = %v, %v", read, err)
			}
			if _, err := db.SessionByKey(ctx, mode, at); err == nil {
				t.Error("an expired session was read")
			}
			if err := db.GrantUser(ctx, u.ID, "auth.add_user"); err != nil {
				t.Error(err)
			}
			if n, err := db.DeleteExpiredSessions(ctx, at.Add(time.Second), 0); n != 1 || err != nil {
				t.Errorf("DeleteExpiredSessions = %d, %v", n, err)
			}
			if err := db.DeleteUser(ctx, u.ID); err != nil {
				t.Error(err)
			}
		})
	}
}

// The tables of another schema are not ours.
func TestSearchPath(t *testing.T) {
	dsn := testenv.Postgres(t)
	first := open(t, dsn)
	if _, err := first.SQL().ExecContext(t.Context(), "CREATE SCHEMA second"); err != nil {
		t.Fatal(err)
	}
	second := open(t, with(t, dsn, "search_path", "second"))
	if len(second.Created()) == 0 {
		t.Error("nothing was created in the second schema")
	}
	if err := second.CreateUser(t.Context(), &database.User{Username: "joe"}); err != nil {
		t.Error(err)
	}
	if _, err := first.UserByUsername(t.Context(), "joe"); err == nil {
		t.Error("the first schema has the second's user")
	}
}

// A role that may not create anything can open a database that is complete.
func TestRoleWithoutCreate(t *testing.T) {
	where := testenv.PostgresDatabase(t)
	owner := open(t, where.DSN())
	role := "r" + strings.ToLower(where.Name)
	for _, statement := range []string{
		"CREATE ROLE " + role + " LOGIN PASSWORD 'x'",
		"REVOKE CREATE ON SCHEMA public FROM PUBLIC",
		"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO " + role,
		"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO " + role,
	} {
		if _, err := owner.SQL().ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for _, statement := range []string{"DROP OWNED BY " + role, "DROP ROLE " + role} {
			if _, err := owner.SQL().ExecContext(context.Background(), statement); err != nil {
				t.Error(err)
			}
		}
	})
	where.User, where.Password = role, "x"
	db := open(t, where.DSN())
	u := &database.User{Username: "joe"}
	if err := db.CreateUser(t.Context(), u); err != nil {
		t.Error(err)
	}
	if err := db.DeleteUser(t.Context(), u.ID); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// No error of Open holds the password.
func TestOpenKeepsThePassword(t *testing.T) {
	where := testenv.PostgresDatabase(t)
	where.Name, where.Password = "no_such_database", "canary"
	for _, dsn := range []string{
		"", where.DSN(), "postgres://joe:canary@127.0.0.1:1/app", "postgres://joe:can%zary@h/app", "postgres://joe:canary@h:port/app",
		"postgres://joe:canary@h/app?sslmode=canary", "host=h password='canary", "password=canary port=x", "canary",
		"postgres://joe:canary@h/app?pool_max_conns=canary", "postgres://joe:canary@h/app?connect_timeout=canary",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		db, err := postgres.Open(ctx, dsn)
		cancel()
		if err == nil {
			t.Errorf("%q opened", dsn)
			_ = db.Close()
		} else if strings.Contains(err.Error(), "canary") {
			t.Errorf("the error holds the password: %v", err)
		}
	}
}
