package accounts_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/featuretest"
	"github.com/coatcheck/coatcheck/sessions"
)

// many returns a number of a test, a part of it unless COATCHECK_TEST_WHOLE is set.
func many(n int) int {
	if os.Getenv("COATCHECK_TEST_WHOLE") == "" {
		return n / 500
	}
	return n
}

// copies adds sessions to the table, as a Django makes them, that are copies of one, and
// returns their keys.
func (r *rig) copies(c *coatchecktest.Client, n int) (keys []string) {
	r.t.Helper()
	ctx, store := r.t.Context(), r.Database
	of, err := store.SessionByKey(ctx, string(c.Session().Key()), time.Now())
	if err != nil {
		r.t.Fatal(err)
	}
	err = store.Tx(ctx, func(ctx context.Context, tx *database.DB) error {
		for range n {
			key := sessions.NewKey()
			keys = append(keys, key)
			if err := tx.InsertSession(ctx, database.Session{Key: key, Data: of.Data, Expires: of.Expires}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return keys
}

// use asks for the page of a session's user.
func (r *rig) use(key string, agent string) {
	q := httptest.NewRequest(http.MethodGet, "https://www.example.com/me", nil)
	q.Header.Set("Cookie", "sessionid="+key)
	q.Header.Set("User-Agent", agent)
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, q)
	if w.Code != http.StatusOK {
		r.t.Errorf("a session gets %d %s", w.Code, w.Body)
	}
}

// writes counts what is written to the index, whatever writes it: a trigger adds a row to a
// table of the test's. It returns the number of rows for each session.
func (r *rig) writes() func() map[string]int {
	r.t.Helper()
	statements := map[string][]string{
		"sqlite": {
			"CREATE TRIGGER counted AFTER UPDATE ON coatcheck_session BEGIN INSERT INTO written VALUES (NEW.key_hash); END",
			"CREATE TRIGGER counted_new AFTER INSERT ON coatcheck_session BEGIN INSERT INTO written VALUES (NEW.key_hash); END",
		},
		"postgres": {
			"CREATE FUNCTION counted() RETURNS trigger AS 'BEGIN INSERT INTO written VALUES (NEW.key_hash); RETURN NULL; END' LANGUAGE plpgsql",
			"CREATE TRIGGER counted AFTER INSERT OR UPDATE ON coatcheck_session FOR EACH ROW EXECUTE FUNCTION counted()",
		},
		"mysql": {
			// An INSERT that finds a row, and leaves it as it is, counts as an update of it there.
			"CREATE TRIGGER counted AFTER UPDATE ON coatcheck_session FOR EACH ROW" +
				" IF NEW.last_seen <> OLD.last_seen THEN INSERT INTO written VALUES (NEW.key_hash); END IF",
			"CREATE TRIGGER counted_new AFTER INSERT ON coatcheck_session FOR EACH ROW INSERT INTO written VALUES (NEW.key_hash)",
		},
	}[r.Database.Engine()]
	for _, statement := range append([]string{"CREATE TABLE written (name varchar(64))"}, statements...) {
		if _, err := r.Database.SQL().ExecContext(r.t.Context(), statement); err != nil {
			r.t.Fatalf("%s: %v", statement, err)
		}
	}
	return func() map[string]int {
		r.t.Helper()
		rows, err := r.Database.SQL().QueryContext(r.t.Context(), "SELECT name, COUNT(*) FROM written GROUP BY name")
		if err != nil {
			r.t.Fatal(err)
		}
		defer rows.Close()
		all := map[string]int{}
		for rows.Next() {
			var name string
			var n int
			if err := rows.Scan(&name, &n); err != nil {
				r.t.Fatal(err)
			}
			all[name] = n
		}
		if err := rows.Err(); err != nil {
			r.t.Fatal(err)
		}
		return all
	}
}

// Many requests over many sessions on two nodes write each session once in five minutes, also
// when a node remembers but few of them. The whole numbers are a million requests and 200,000
// sessions.
func TestManyRequestsWriteSeldom(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		quiet := func(c *coatcheck.Config) { c.Site.Logger = slog.New(slog.DiscardHandler) }
		one := newRig(t, change, quiet)
		two := newRig(t, change, quiet, func(c *coatcheck.Config) { c.Database = one.Database })
		first := one.NewClient(one.handler)
		first.ForceLogin(one.CreateUser("ada", canary))
		keys := one.copies(first, many(200_000))
		nodes := []*rig{one, two}
		now := time.Now()
		for _, node := range nodes {
			node.Accounts.SetNow(func() time.Time { return now })
			node.Accounts.Remember(len(keys) / 4)
		}
		written := one.writes()
		half := many(1_000_000) / 2
		for round := 1; round <= 2; round++ {
			for n := range half {
				if n == half/2 { // the sessions of the first half are seen again in the second one
					now = now.Add(3 * time.Minute)
				}
				nodes[rand.IntN(2)].use(keys[n%len(keys)], firefox)
				if n%1000 == 0 {
					nodes[rand.IntN(2)].flush()
				}
			}
			one.flush()
			two.flush()
			all, total := written(), 0
			for name, n := range all {
				total += n
				if n > round {
					t.Fatalf("a session was written %d times in %d rounds of five minutes: %s", n, round, name)
				}
			}
			if want := round * len(keys); total != want {
				t.Errorf("after %d rounds %d rows were written, want %d", round, total, want)
			}
			now = now.Add(2 * time.Minute)
		}
	})
}

// flush writes what waits.
func (r *rig) flush() {
	r.t.Helper()
	if err := r.Accounts.Flush(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// A request does not wait for the index, what waits for it is bounded, and the log tells how
// much did not fit, once a minute.
func TestSightingsAreBounded(t *testing.T) {
	var log lockedBuffer
	r := newRig(t, func(c *coatcheck.Config) { c.Site.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	first := r.NewClient(r.handler)
	first.ForceLogin(r.CreateUser("ada", canary))
	r.flush()
	const extra = 100
	keys := r.copies(first, accounts.MaxWaiting+extra)
	release := r.Accounts.HoldFlushes() // as a database that does not respond does
	for _, key := range keys {
		r.use(key, strings.Repeat("x", 2000))
	}
	if got := r.Accounts.Waiting(); got != accounts.MaxWaiting {
		t.Errorf("%d sightings wait, want %d", got, accounts.MaxWaiting)
	}
	release()
	if n, want := r.indexed(), accounts.MaxWaiting; n != want {
		t.Errorf("%d rows, want %d", n, want)
	}
	if got := log.String(); strings.Count(got, "the list of sessions misses") != 1 || !strings.Contains(got, fmt.Sprintf("count=%d ", extra)) {
		t.Errorf("the log: %s", got)
	}
	for _, key := range keys { // those that were dropped are seen again
		r.use(key, strings.Repeat("x", 2000))
	}
	if n, want := r.indexed(), len(keys); n != want {
		t.Errorf("%d rows after the second use, want %d", n, want)
	}
	if got := r.Accounts.Waiting(); got != 0 {
		t.Errorf("%d sightings wait after all were written", got)
	}
}

// lockedBuffer is a log that many write.
type lockedBuffer struct {
	mu   sync.Mutex // guards what follows
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// What was seen is in the database within seconds although nobody asks for it and Run is not
// running.
func TestSightingsAreWrittenWithoutRun(t *testing.T) {
	r := newRig(t)
	c := r.NewClient(r.handler)
	c.ForceLogin(r.CreateUser("ada", canary))
	r.want(c, "/me", http.StatusOK)
	if n := r.rows(); n != 0 {
		t.Errorf("%d rows at once; a request waited for the index", n)
	}
	for end := time.Now().Add(20 * time.Second); r.rows() == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the session is not in the index")
		}
	}
}

// rows returns the number of rows of the index, without what waits.
func (r *rig) rows() (n int) {
	r.t.Helper()
	if err := r.Database.SQL().QueryRowContext(r.t.Context(), "SELECT COUNT(*) FROM coatcheck_session").Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

// What was seen is written when Run ends, and when the database is closed. A node that is
// killed loses it, and no login; the session is written when it is used again.
func TestSightingsAtTheEnd(t *testing.T) {
	path := t.TempDir() + "/site.db"
	node := func() *rig {
		db, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return newRig(t, func(c *coatcheck.Config) { c.Database = db })
	}
	killed := node()
	ada := killed.CreateUser("ada", canary)
	killed.login("ada", firefox)
	django := killed.NewClient(killed.handler)
	django.ForceLogin(ada)
	key := string(django.Session().Key())
	killed.Accounts.HoldFlushes() // nothing of it is written any more
	killed.use(key, firefox)

	ending := node()
	if all := ending.list(ada, ""); len(all) != 1 || all[0].Method != accounts.MethodPassword {
		t.Errorf("after the end of a node that was killed: %+v; want the login alone", all)
	}
	ending.use(key, safari)
	ctx, end := context.WithCancel(t.Context())
	end()
	if err := ending.Run(ctx); err != nil || ending.rows() != 2 {
		t.Errorf("after the end of Run: %d rows, want 2; %v", ending.rows(), err)
	}
	another := ending.copies(django, 1)[0]
	ending.use(another, safari)
	if err := ending.Database.Close(); err != nil {
		t.Fatal(err)
	}
	last := node()
	if n := last.rows(); n != 3 {
		t.Errorf("after the database was closed: %d rows, want 3", n)
	}
	if err := last.Database.Close(); err != nil {
		t.Fatal(err)
	}
}

// A logout takes away what waits about its session, also while it is being written, so that no
// row comes back.
func TestSightingsOfAnEndedSession(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		r.CreateUser("ada", canary)
		var seen sync.WaitGroup
		for range 20 {
			c := r.login("ada", firefox)
			r.asDjango(t.Context(), c.Session())
			r.unindex(t.Context(), c)
			r.Accounts.ForgetSeen()
			r.want(c, "/me", http.StatusOK)
			seen.Go(r.flush)
			c.PostJSON("/accounts/logout/", nil)
			seen.Wait()
		}
		if n := r.indexed(); n != 0 {
			t.Errorf("%d rows of sessions that were logged out of", n)
		}
	})
}

// A session of ours whose row was lost is in the list again once it is used; one that was ended
// elsewhere, and has no row for that, is not.
func TestLostRowsComeBack(t *testing.T) {
	stores(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		ada := r.CreateUser("ada", canary)
		lost, ended := r.login("ada", firefox), r.login("ada", safari)
		r.Accounts.ForgetSeen()
		r.want(lost, "/me", http.StatusOK)
		r.want(ended, "/me", http.StatusOK)
		r.unindex(t.Context(), lost)
		r.unindex(t.Context(), ended)
		if err := r.Sessions.Config().Store.Delete(t.Context(), string(ended.Session().Key())); err != nil {
			t.Fatal(err)
		}
		r.flush()
		if n := r.rows(); n != 1 {
			t.Errorf("%d rows, want the one of the session that lives", n)
		}
		if all := r.list(ada, lost.Session().Key()); len(all) != 1 || !all[0].Current {
			t.Errorf("listed: %+v", all)
		}
	})
}

// Requests, lists, endings and flushes at once leave each session with one row, or with none
// where it ended.
func TestSightingsAtOnce(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change, func(c *coatcheck.Config) { c.Site.Logger = slog.New(slog.DiscardHandler) })
		ada, joe := r.CreateUser("ada", canary), r.CreateUser("joe", canary)
		first, other := r.NewClient(r.handler), r.NewClient(r.handler)
		first.ForceLogin(ada)
		other.ForceLogin(joe)
		theirs, mine := r.copies(other, 200), r.copies(first, 50)
		var all sync.WaitGroup
		var working atomic.Bool
		working.Store(true)
		for worker := range 4 {
			all.Go(func() {
				for i, key := range theirs {
					if i%4 == worker {
						r.use(key, firefox)
						r.use(key, safari)
					}
				}
				for _, key := range mine {
					q := httptest.NewRequest(http.MethodGet, "https://www.example.com/me", nil)
					q.Header.Set("Cookie", "sessionid="+key)
					r.handler.ServeHTTP(httptest.NewRecorder(), q)
				}
			})
		}
		var house sync.WaitGroup
		for _, work := range []func(){
			func() { _ = r.Accounts.Flush(t.Context()) },
			func() { r.list(joe, "") },
			func() {
				if _, err := r.Accounts.EndOtherSessions(t.Context(), ada, ""); err != nil {
					t.Error(err)
				}
			},
		} {
			house.Go(func() {
				for working.Load() {
					work()
				}
			})
		}
		all.Wait()
		working.Store(false)
		house.Wait()
		if _, err := r.Accounts.EndOtherSessions(t.Context(), ada, ""); err != nil {
			t.Fatal(err)
		}
		if n := r.indexed(); n != len(theirs) {
			t.Errorf("%d rows, want %d", n, len(theirs))
		}
		known, err := own.New(r.Database).KnownIndexedSessions(t.Context(), []string{accounts.SessionID("")})
		if err != nil || len(known) != 0 {
			t.Errorf("a session without a key is in the index: %v", err)
		}
	})
}

// The pace of housekeeping leaves four fifths of the time to others, and takes less at a time
// where the database is slow.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := accounts.NewPace(512)
		for _, step := range []struct {
			took time.Duration
			rows int
		}{
			{20 * time.Millisecond, 256},
			{time.Second, 128},
			{5 * time.Millisecond, 128},
			{time.Millisecond, 256},
			{time.Millisecond, 512},
			{time.Millisecond, 512},
		} {
			began := time.Now()
			if err := p.Rest(t.Context(), step.took); err != nil {
				t.Fatal(err)
			}
			if rest := time.Since(began); rest != 4*step.took {
				t.Errorf("after work of %v a rest of %v", step.took, rest)
			}
			if got := p.Rows(); got != step.rows {
				t.Errorf("after work of %v, %d rows at a time, want %d", step.took, got, step.rows)
			}
		}
	})
}
