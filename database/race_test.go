package database_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/password"
)

// nodes opens one database several times, as nodes of a service do.
func nodes(t *testing.T, e engine, n int) []*database.DB {
	t.Helper()
	where := e.fresh(t)
	all := make([]*database.DB, n)
	for i := range all {
		all[i] = e.reopen(t, where, nil)
	}
	return all
}

// together runs fn n times at once.
func together(n int, fn func(i int)) {
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		group.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	group.Wait()
}

// Eight writers count in one session by compare-and-swap: no count is lost.
func TestRaceUpdateSession(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		db := nodes(t, e, 2)
		ctx := t.Context()
		must(t, db[0].InsertSession(ctx, session(key, "0")))
		const writers, each = 8, 10
		together(writers, func(i int) {
			node := db[i%len(db)]
			for done := 0; done < each; {
				s, err := node.SessionByKey(ctx, key, moment)
				if err != nil {
					t.Errorf("read: %v", err)
					return
				}
				n, _ := strconv.Atoi(s.Data)
				switch err := node.UpdateSession(ctx, session(key, strconv.Itoa(n+1)), s.Data); {
				case err == nil:
					done++
				case !errors.Is(err, database.ErrConflict):
					t.Errorf("update: %v", err)
					return
				}
			}
		})
		if s, err := db[0].SessionByKey(ctx, key, moment); err != nil || s.Data != strconv.Itoa(writers*each) {
			t.Errorf("the session holds %v, %v, want %d", s, err, writers*each)
		}
	})
}

// A session that was deleted stays dead, however many writers there are.
func TestRaceDeleteSession(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		db := nodes(t, e, 2)
		ctx := t.Context()
		for round := range 10 {
			key := fmt.Sprintf("round%d", round)
			must(t, db[0].InsertSession(ctx, session(key, "x")))
			together(4, func(i int) {
				if i == 0 {
					if err := db[0].DeleteSession(ctx, key); err != nil {
						t.Errorf("delete: %v", err)
					}
					if _, err := db[1].SessionByKey(ctx, key, moment); !errors.Is(err, database.ErrNotFound) {
						t.Errorf("read after delete: %v", err)
					}
					return
				}
				for range 5 {
					err := db[i%2].UpdateSession(ctx, session(key, "x"), "x")
					if err != nil && !errors.Is(err, database.ErrNotFound) {
						t.Errorf("update: %v", err)
					}
				}
			})
			if found, err := db[1].SessionExists(ctx, key); found || err != nil {
				t.Errorf("the session is back: %v, %v", found, err)
			}
		}
	})
}

// Of several that insert the same thing exactly one does.
func TestRaceUniqueness(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		db := nodes(t, e, 2)
		ctx := t.Context()
		for name, insert := range map[string]func(db *database.DB, round int) error{
			"session": func(db *database.DB, round int) error {
				return db.InsertSession(ctx, session(fmt.Sprintf("key%d", round), "x"))
			},
			"user": func(db *database.DB, round int) error {
				return db.CreateUser(ctx, &database.User{Username: fmt.Sprintf("joe%d", round)})
			},
			"user in a transaction": func(db *database.DB, round int) error {
				return db.Tx(ctx, func(ctx context.Context, tx *database.DB) error {
					return tx.CreateUser(ctx, &database.User{Username: fmt.Sprintf("sue%d", round)})
				})
			},
			"group": func(db *database.DB, round int) error {
				return db.CreateGroup(ctx, &database.Group{Name: fmt.Sprintf("group%d", round)})
			},
			"permission": func(db *database.DB, round int) error {
				p := &database.Permission{AppLabel: "app", Model: fmt.Sprintf("model%d", round), Codename: "x", Name: "x"}
				return db.CreatePermission(ctx, p)
			},
		} {
			for round := range 5 {
				var won atomic.Int32
				together(8, func(i int) {
					err := insert(db[i%2], round)
					if err == nil {
						won.Add(1)
					} else if !errors.Is(err, database.ErrDuplicate) {
						t.Errorf("%s: %v", name, err)
					}
				})
				if won.Load() != 1 {
					t.Errorf("%s: %d won", name, won.Load())
				}
			}
		}
	})
}

// Of several that replace the same password exactly one does.
func TestRaceReplacePassword(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		db := nodes(t, e, 2)
		ctx := t.Context()
		u := user(t, db[0], "joe")
		current := u.Password
		for round := range 10 {
			var won atomic.Int32
			var winner atomic.Value
			together(6, func(i int) {
				next := password.Hash(fmt.Sprintf("hash-%d-%d", round, i))
				ok, err := db[i%2].ReplacePassword(ctx, u.ID, current, next)
				if err != nil {
					t.Errorf("replace: %v", err)
				}
				if ok {
					won.Add(1)
					winner.Store(next)
				}
			})
			got, err := db[0].UserByID(ctx, u.ID)
			if err != nil || won.Load() != 1 || got.Password != winner.Load() {
				t.Fatalf("%d won, %v", won.Load(), err)
			}
			current = got.Password
		}
	})
}

// Two transactions that lock the same rows in opposite order: the database
// breaks one off, and it is run again.
func TestRaceDeadlock(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		db := nodes(t, e, 2)
		ctx := t.Context()
		users := []*database.User{user(t, db[0], "joe"), user(t, db[0], "sue")}
		var runs atomic.Int32
		for range 3 {
			together(2, func(i int) {
				err := db[i].Tx(ctx, func(ctx context.Context, tx *database.DB) error {
					runs.Add(1)
					if err := tx.SetLastLogin(ctx, users[i].ID, moment); err != nil {
						return err
					}
					time.Sleep(20 * time.Millisecond)
					return tx.SetLastLogin(ctx, users[1-i].ID, moment)
				})
				if err != nil {
					t.Errorf("Tx: %v", err)
				}
			})
		}
		t.Logf("%d runs for 6 transactions", runs.Load())
		if e.name != "sqlite" && runs.Load() == 6 {
			t.Error("no deadlock came about, so nothing was tested")
		}
	})
}

// Joining rows at once is no error for anybody.
func TestRaceGrants(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		db := nodes(t, e, 2)
		ctx := t.Context()
		u, g := user(t, db[0], "joe"), &database.Group{Name: "g"}
		must(t, db[0].CreateGroup(ctx, g))
		together(8, func(i int) {
			node := db[i%2]
			err := errors.Join(node.AddToGroup(ctx, u.ID, g.ID), node.GrantUser(ctx, u.ID, "auth.add_user"),
				node.GrantGroup(ctx, g.ID, "auth.add_user"))
			if err != nil {
				t.Error(err)
			}
		})
		wantPermissions(t, db[0], u.ID, []string{"auth.add_user"}, []string{"auth.add_user"})
	})
}

// Nodes that start at once create the tables once.
func TestRaceMigrate(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		where := e.fresh(t)
		var created atomic.Int32
		together(8, func(int) {
			db, err := e.open(t.Context(), where.DSN(), nil, false)
			if err != nil {
				t.Error(err)
				return
			}
			if len(db.Created()) > 0 {
				created.Add(1)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		if created.Load() != 1 {
			t.Errorf("%d nodes created the tables", created.Load())
		}
		db := e.reopen(t, where, nil)
		for table, want := range map[string]int{
			"django_migrations": recorded, "django_content_type": 6, "auth_permission": 24, "auth_user": 0,
		} {
			if got := count(t, db, table); got != want {
				t.Errorf("%s has %d rows, want %d", table, got, want)
			}
		}
	})
}
