package testenv

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// A sqlEngine is a kind of SQL server: how one starts, and how a database in it
// comes and goes.
type sqlEngine struct {
	title  string // for people
	engine string // Database.Engine
	driver string // the name at database/sql
	env    string // the variable that hands over a running one
	schema string // the database to be in while making others
	remedy string // the command that brings it
	start  func() (*process, Database, error)
	create string // makes the database %s
	drop   string // drops the database %s, even while somebody is in it

	once    sync.Once
	running *process
	admin   Database
	err     error
}

// server is the server, started at the first call or taken from the environment.
func (e *sqlEngine) server() (Database, error) {
	e.once.Do(func() { e.err = e.open() })
	return e.admin, e.err
}

func (e *sqlEngine) open() (err error) {
	if given := os.Getenv(e.env); given != "" {
		if e.admin, err = parseServer(given, e.engine); err != nil {
			return fmt.Errorf("%s: %w", e.env, err)
		}
		e.admin.Name = e.schema
		return e.await()
	}
	for range attempts {
		if e.running, e.admin, err = e.start(); err != nil {
			return err
		}
		e.admin.Name = e.schema
		if err = e.await(); err == nil || !e.running.over() {
			return err
		}
		err = errors.Join(err, e.running.stop())
	}
	return err
}

// await waits until the server responds.
func (e *sqlEngine) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		err := e.exec(ctx, "SELECT 1")
		if err == nil {
			return nil
		}
		if e.running != nil && e.running.over() {
			return fmt.Errorf("ended while it started: %s", e.running.log())
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("does not respond after %v: %w%s", startTimeout, err, e.running.log())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// exec runs one statement on a connection of its own: nothing stays open, so a
// test that looks for leaked goroutines finds none of ours.
func (e *sqlEngine) exec(ctx context.Context, statement string) error {
	db, err := sql.Open(e.driver, e.admin.DSN())
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, statement)
	return errors.Join(err, db.Close())
}

// fresh creates a database for the test. It skips or fails the test where the
// server is not to be had.
func (e *sqlEngine) fresh(t testing.TB) Database {
	t.Helper()
	return e.made(t, e.create)
}

// made is fresh with a statement that makes the database %s.
func (e *sqlEngine) made(t testing.TB, create string) Database {
	t.Helper()
	admin, err := e.server()
	if errors.Is(err, errAbsent) {
		absent(t, err, e.remedy)
	}
	if err != nil {
		t.Fatalf("testenv: %s: %v", e.title, err)
	}
	name := freshName()
	if err := e.exec(t.Context(), fmt.Sprintf(create, name)); err != nil {
		t.Fatalf("testenv: %s: make a database: %v", e.title, err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
		defer cancel()
		if err := e.exec(ctx, fmt.Sprintf(e.drop, name)); err != nil {
			t.Errorf("testenv: %s: drop the database: %v", e.title, err)
		}
	})
	return admin.named(name)
}

// parseServer reads what [EnvPostgres] and [EnvMariaDB] hold.
func parseServer(given, engine string) (Database, error) {
	u, err := url.Parse(given)
	if err != nil {
		return Database{}, errors.New("not a URL") // the error would show the password
	}
	schemes := map[string]string{"postgres": "postgresql", "postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}
	if schemes[u.Scheme] != engine || u.Hostname() == "" || u.Port() == "" {
		return Database{}, fmt.Errorf("not the URL of a %s server: want %s://user:password@host:port/", engine, strings.TrimSuffix(engine, "ql"))
	}
	password, _ := u.User.Password()
	return Database{Engine: engine, Host: u.Hostname(), Port: u.Port(), User: u.User.Username(), Password: password}, nil
}
