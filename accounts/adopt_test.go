package accounts_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/featuretest"
)

// adoptRig is a site with many sessions of a Django, and what it takes to make another node.
func adoptRig(t *testing.T, change func(*coatcheck.Config), sessions int) (r *rig, node func() *rig) {
	t.Helper()
	quiet := func(c *coatcheck.Config) { c.Site.Logger = slog.New(slog.DiscardHandler) }
	r = newRig(t, change, quiet)
	first := r.NewClient(r.handler)
	first.ForceLogin(r.CreateUser("ada", canary))
	r.copies(first, sessions-1)
	return r, func() *rig { return newRig(t, change, quiet, func(c *coatcheck.Config) { c.Database = r.Database }) }
}

// walkRow is the row of the walk that adopts sessions.
func (r *rig) walkRow() (place, holder string, due time.Time) {
	r.t.Helper()
	var micros int64
	err := r.Database.SQL().QueryRowContext(r.t.Context(), "SELECT place, holder, due FROM coatcheck_walk").Scan(&place, &holder, &micros)
	if err != nil {
		r.t.Fatal(err)
	}
	return place, holder, time.UnixMicro(micros)
}

// A walk that is broken off goes on where it was, on another node, and is not done again before
// it is due, by none of the nodes.
func TestAdoptionGoesOn(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		const total = 1500
		r, node := adoptRig(t, change, total)
		ctx, stop := context.WithCancel(t.Context())
		r.Accounts.AfterAdopting(func(adopted int) {
			if adopted >= total/3 {
				stop()
			}
		})
		if err := r.Accounts.Clean(ctx); err == nil {
			t.Error("a walk that was broken off says that all is well")
		}
		place, _, _ := r.walkRow()
		before := r.rows()
		if len(place) != 8 || before < total/3 || before >= total {
			t.Fatalf("the walk was broken off at %q, with %d rows", place, before)
		}
		next, walked := node(), 0
		next.Accounts.AfterAdopting(func(n int) { walked = n })
		if err := next.Accounts.Clean(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := r.rows(); n != total {
			t.Errorf("%d rows after the walk, want %d", n, total)
		}
		if walked < total-before || walked > total-before+10 {
			t.Errorf("the second node walked through %d sessions, want the %d that were left", walked, total-before)
		}

		third, again := node(), 0
		third.Accounts.AfterAdopting(func(n int) { again = n })
		if err := third.Accounts.Clean(t.Context()); err != nil || again != 0 {
			t.Errorf("at the start of a third node %d sessions were walked through; %v", again, err)
		}
		_, _, due := r.walkRow()
		if wait := time.Until(due); wait < 50*time.Minute || wait > 3*time.Hour {
			t.Errorf("the next walk begins in %v", wait)
		}
		third.Accounts.SetNow(func() time.Time { return due })
		if err := third.Accounts.Clean(t.Context()); err != nil || again != total {
			t.Errorf("when it is due %d sessions are walked through, want %d; %v", again, total, err)
		}
	})
}

// One node walks at a time. One that is silent loses the walk to another, and does not go on.
func TestOneNodeAdopts(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		const total = 600
		r, node := adoptRig(t, change, total)
		nodes := []*rig{r, node(), node(), node()}
		var mu sync.Mutex
		walked := map[int]int{}
		var all sync.WaitGroup
		for i, n := range nodes {
			n.Accounts.AfterAdopting(func(seen int) {
				mu.Lock()
				defer mu.Unlock()
				walked[i] = seen
			})
			all.Go(func() {
				if err := n.Accounts.Clean(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if len(walked) != 1 || r.rows() != total {
			t.Errorf("walked: %v, %d rows; want one node and %d", walked, r.rows(), total)
		}

		_, _, due := r.walkRow()
		for _, n := range nodes[:2] {
			n.Accounts.SetNow(func() time.Time { return due })
		}
		var once sync.Once
		silent, other := 0, 0
		nodes[1].Accounts.AfterAdopting(func(seen int) { other = seen })
		nodes[0].Accounts.AfterAdopting(func(seen int) {
			silent = seen
			once.Do(func() { // in the middle of its work, for longer than its lease
				nodes[1].Accounts.SetNow(func() time.Time { return due.Add(2 * time.Minute) })
				if err := nodes[1].Accounts.Clean(t.Context()); err != nil {
					t.Error(err)
				}
				time.Sleep(1100 * time.Millisecond) // it looks whose the walk is once a second
			})
		})
		if err := nodes[0].Accounts.Clean(t.Context()); err != nil {
			t.Error(err)
		}
		if silent >= total || other != total {
			t.Errorf("the silent node walked through %d sessions, the other one through %d", silent, other)
		}
	})
}

// A database without the table of walks, which was opened before coatcheck migrate was run, lists
// its sessions all the same: those of a Django when they are used here.
func TestWithoutTheTableOfWalks(t *testing.T) {
	where := sqlite.Config{DSN: t.TempDir() + "/site.db"}
	open := func() *database.DB {
		db, err := where.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	r := newRig(t, func(c *coatcheck.Config) { c.Database = open() })
	ada := r.CreateUser("ada", canary)
	django, unseen := r.NewClient(r.handler), r.NewClient(r.handler)
	django.ForceLogin(ada)
	unseen.ForceLogin(ada)
	if _, err := r.Database.SQL().ExecContext(t.Context(), "DROP TABLE coatcheck_walk"); err != nil {
		t.Fatal(err)
	}
	if err := r.Database.Close(); err != nil {
		t.Fatal(err)
	}
	where.NoCreate = true
	var log lockedBuffer
	again := newRig(t, func(c *coatcheck.Config) {
		c.Database, c.Site.Logger = open(), slog.New(slog.NewTextHandler(&log, nil))
	})
	if got := log.String(); !strings.Contains(got, "no table coatcheck_walk") || !strings.Contains(got, "run coatcheck migrate") {
		t.Errorf("the log: %s", got)
	}
	again.use(string(django.Session().Key()), firefox)
	if err := again.Accounts.Clean(t.Context()); err != nil {
		t.Error(err)
	}
	if all := again.list(ada, ""); len(all) != 1 || all[0].Browser != "Firefox" {
		t.Errorf("listed: %+v", all)
	}
	if err := again.Database.Close(); err != nil {
		t.Fatal(err)
	}
}
