package database_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database"
)

const crowd = 20 // requests that ask at once

// blocked is a database whose table of sessions is locked, and requests that wait for it.
type blocked struct {
	db, other *database.DB
	unlock    func()
	asking    sync.WaitGroup
	results   [crowd]error
	left      chan struct{}      // closed when the request 1 returned
	cancelled context.CancelFunc // of the request 1; the request 2 asks for a session that is gone
}

// block has a crowd ask for sessions of which the database knows the owners, and returns once
// they wait.
func block(t *testing.T, e engine) *blocked {
	t.Helper()
	where := e.fresh(t)
	b := &blocked{left: make(chan struct{}), db: e.reopen(t, where, nil), other: e.reopen(t, where, nil)}
	owner := [2]*database.User{user(t, b.db, "ada"), user(t, b.db, "bob")}
	name := func(i int) string { return "key" + strconv.Itoa(i) }
	for i := range crowd {
		must(t, b.db.InsertSession(t.Context(), session(name(i), "data"+strconv.Itoa(i))))
		_, along, err := b.db.SessionAndUser(t.Context(), name(i), moment)
		must(t, err)
		_, err = b.db.UserByID(along.Context(t.Context()), owner[i%2].ID)
		must(t, err)
	}
	must(t, b.db.DeleteSession(t.Context(), name(2)))
	tx, err := b.other.Pool().BeginTx(t.Context(), nil)
	must(t, err)
	_, err = tx.ExecContext(t.Context(), "LOCK TABLE django_session")
	must(t, err)
	b.unlock = func() { _ = tx.Rollback() }
	ctx, cancel := context.WithCancel(t.Context())
	b.cancelled = cancel
	for i := range crowd {
		b.asking.Go(func() {
			own := t.Context()
			if i == 1 {
				own = ctx
			}
			b.results[i] = b.ask(own, name(i), "data"+strconv.Itoa(i), owner[i%2])
			if i == 1 {
				close(b.left)
			}
		})
	}
	for deadline := time.Now().Add(time.Minute); b.waiting(t) < 2 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(300 * time.Millisecond) // the rest of them
	if n := b.waiting(t); n < 2 || n > crowd/2 {
		t.Errorf("%d requests wait in %d statements, want fewer statements, and two at least", crowd, n)
	}
	return b
}

var errWrong = errors.New("another session or user")

// ask reads a session with its user, as a request does.
func (b *blocked) ask(ctx context.Context, key, data string, owner *database.User) error {
	s, along, err := b.db.SessionAndUser(ctx, key, moment)
	if err != nil {
		return err
	}
	u, err := b.db.UserByID(along.Context(ctx), owner.ID)
	if err == nil && (s.Key != key || s.Data != data || u.Username != owner.Username) {
		return errWrong
	}
	return err
}

// reads are the statements that wait for the lock.
const reads = " FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'SELECT%'"

// waiting returns the number of statements that wait for the lock.
func (b *blocked) waiting(t *testing.T) (n int) {
	t.Helper()
	must(t, b.other.SQL().QueryRowContext(t.Context(), "SELECT count(*)"+reads).Scan(&n))
	return n
}

// check fails the test unless every request got what it asked for.
func (b *blocked) check(t *testing.T) {
	t.Helper()
	b.asking.Wait()
	for i, err := range b.results {
		want := error(nil)
		switch i {
		case 1:
			want = context.Canceled
		case 2:
			want = database.ErrNotFound
		}
		if !errors.Is(err, want) {
			t.Errorf("request %d: %v, want %v", i, err, want)
		}
	}
}

// onPostgres runs a test on the engine whose pairs travel together.
func onPostgres(t *testing.T, test func(*testing.T, *blocked)) {
	t.Helper()
	for _, e := range engines {
		if e.name == "postgres" {
			test(t, block(t, e))
		}
	}
}

// TestTogether: of requests that travel in one statement each gets its own session and user,
// the one whose session is gone ErrNotFound, and one that was cancelled returns at once and
// harms no other.
func TestTogether(t *testing.T) {
	onPostgres(t, func(t *testing.T, b *blocked) {
		b.cancelled()
		select {
		case <-b.left:
		case <-time.After(time.Minute):
			t.Error("the cancelled request waits with the others")
		}
		b.unlock()
		b.check(t)
	})
}

// TestTogetherReconnects: requests whose connections broke get what they asked for.
func TestTogetherReconnects(t *testing.T) {
	onPostgres(t, func(t *testing.T, b *blocked) {
		b.cancelled()
		run(t, b.other, "SELECT pg_terminate_backend(pid)"+reads)
		time.Sleep(20 * time.Millisecond)
		b.unlock()
		b.check(t)
	})
}

// TestTogetherFails: where the database fails every request gets the error, and none is told
// that its session is gone.
func TestTogetherFails(t *testing.T) {
	onPostgres(t, func(t *testing.T, b *blocked) {
		defer b.unlock()
		over := make(chan struct{})
		go func() {
			b.asking.Wait()
			close(over)
		}()
		for wait := true; wait; {
			run(t, b.other, "SELECT pg_terminate_backend(pid)"+reads)
			select {
			case <-over:
				wait = false
			case <-time.After(2 * time.Millisecond):
			}
		}
		b.cancelled()
		for i, err := range b.results {
			if err == nil || errors.Is(err, database.ErrNotFound) {
				t.Errorf("request %d: %v, want the failure", i, err)
			}
		}
	})
}
