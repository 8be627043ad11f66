package own_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 5000, time.UTC)

// hash64 creates what looks like a SHA-256.
func hash64(n int) string { return fmt.Sprintf("%064x", n) }

func indexed(n int, user string) own.IndexedSession {
	return own.IndexedSession{
		KeyHash: hash64(n), UserID: user, Locator: "p:abcdefgh", Method: "password", IP: "2001:db8::1", UserAgent: "Mozilla/5.0 (ä)",
		Created: noon, LastSeen: noon.Add(time.Duration(n) * time.Minute),
	}
}

func TestSessionIndex(t *testing.T) {
	each(t, func(t *testing.T, db *own.Store, _ *database.DB) {
		ctx := t.Context()
		for n := range 3 {
			if added, err := db.InsertIndexedSession(ctx, indexed(n, "7")); err != nil || !added {
				t.Fatalf("insert: %v, %v", added, err)
			}
		}
		if added, err := db.InsertIndexedSession(ctx, indexed(1, "8")); err != nil || added {
			t.Errorf("insert again: %v, %v", added, err)
		}
		must1(t, true)(db.InsertIndexedSession(ctx, indexed(9, "8")))
		list := func(limit int) []own.IndexedSession {
			all, err := db.IndexedSessions(ctx, "7", own.IndexedSession{}, limit)
			must(t, err)
			return all
		}
		if diff := cmp.Diff([]own.IndexedSession{indexed(2, "7"), indexed(1, "7"), indexed(0, "7")}, list(10)); diff != "" {
			t.Error(diff)
		}
		if got := list(1); len(got) != 1 || got[0].KeyHash != hash64(2) {
			t.Errorf("with a limit: %v", got)
		}
		if next, err := db.IndexedSessions(ctx, "7", indexed(2, "7"), 1); err != nil || len(next) != 1 || next[0].KeyHash != hash64(1) {
			t.Errorf("after the first: %v, %v", next, err)
		}
		var walked []string
		for after := ""; ; {
			rows, err := db.WalkIndexedSessions(ctx, "7", after, 2)
			must(t, err)
			for _, row := range rows {
				walked = append(walked, row.KeyHash)
				after = row.KeyHash
			}
			if len(rows) < 2 {
				break
			}
		}
		slices.Sort(walked)
		if want := []string{hash64(0), hash64(1), hash64(2)}; !slices.Equal(walked, slices.Sorted(slices.Values(want))) {
			t.Errorf("walked: %v", walked)
		}
		one, err := db.IndexedSession(ctx, hash64(1))
		must(t, err)
		if diff := cmp.Diff(indexed(1, "7"), *one); diff != "" {
			t.Error(diff)
		}
		for _, absent := range []string{hash64(4), strings.ToUpper(hash64(10)), "", "\xff"} {
			if _, err := db.IndexedSession(ctx, absent); !errors.Is(err, database.ErrNotFound) {
				t.Errorf("%q: %v", absent, err)
			}
		}

		seen := indexed(0, "7")
		seen.IP, seen.UserAgent, seen.LastSeen = "192.0.2.1", "curl", noon.Add(time.Hour)
		must1(t, true)(db.SeenIndexedSession(ctx, seen))
		seen.UserID = "8"
		must1(t, false)(db.SeenIndexedSession(ctx, seen))
		moved := indexed(5, "7")
		moved.Locator = "p:zzzzzzzz"
		must1(t, false)(db.MoveIndexedSession(ctx, hash64(0), indexed(5, "8")))
		must1(t, true)(db.MoveIndexedSession(ctx, hash64(0), moved))
		must1(t, false)(db.MoveIndexedSession(ctx, hash64(5), indexed(1, "7"))) // is there already
		got := list(1)[0]
		if got.KeyHash != hash64(5) || got.Locator != "p:zzzzzzzz" || got.IP != "192.0.2.1" || !got.Created.Equal(noon) {
			t.Errorf("after the move: %+v", got)
		}

		old, err := db.IndexedSessionsBefore(ctx, noon.Add(5*time.Minute), 10)
		must(t, err)
		if len(old) != 2 || old[0].KeyHash != hash64(1) {
			t.Errorf("before: %v", old)
		}
		must(t, db.DeleteIndexedSession(ctx, hash64(1)))
		must(t, db.DeleteIndexedSession(ctx, hash64(1)))
		if got := list(10); len(got) != 2 {
			t.Errorf("after the delete: %v", got)
		}
		long := indexed(20, "7")
		long.UserAgent = strings.Repeat("x", 513)
		if _, err := db.InsertIndexedSession(ctx, long); !errors.Is(err, database.ErrInvalid) {
			t.Errorf("a long user agent: %v", err)
		}
	})
}

// must1 checks what a method reports.
func must1(t testing.TB, want bool) func(bool, error) {
	return func(got bool, err error) {
		t.Helper()
		if err != nil || got != want {
			t.Errorf("%v, %v; want %v", got, err, want)
		}
	}
}

func TestLinks(t *testing.T) {
	each(t, func(t *testing.T, db *own.Store, _ *database.DB) {
		ctx := t.Context()
		link := own.Link{TokenHash: hash64(1), Kind: "email", UserID: "7", Data: `{"to":"ä"}`, Created: noon, Expires: noon.Add(time.Hour)}
		must(t, db.InsertLink(ctx, link))
		if err := db.InsertLink(ctx, link); !errors.Is(err, database.ErrDuplicate) {
			t.Errorf("again: %v", err)
		}
		got, err := db.LinkByToken(ctx, hash64(1), "email", noon)
		must(t, err)
		if diff := cmp.Diff(&link, got); diff != "" {
			t.Error(diff)
		}
		for name, find := range map[string]func() error{
			"another kind":  func() error { _, err := db.LinkByToken(ctx, hash64(1), "invite", noon); return err },
			"expired":       func() error { _, err := db.LinkByToken(ctx, hash64(1), "email", noon.Add(time.Hour)); return err },
			"another token": func() error { _, err := db.LinkByToken(ctx, hash64(2), "email", noon); return err },
			"no text":       func() error { _, err := db.LinkByToken(ctx, "\xff", "email", noon); return err },
		} {
			if err := find(); !errors.Is(err, database.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		must1(t, false)(db.UseLink(ctx, hash64(1), "invite", noon))
		must1(t, false)(db.UseLink(ctx, hash64(1), "email", noon.Add(time.Hour)))

		var used atomic.Int32
		together(16, func(int) {
			ok, err := db.UseLink(ctx, hash64(1), "email", noon)
			if err != nil {
				t.Error(err)
			}
			if ok {
				used.Add(1)
			}
		})
		if used.Load() != 1 {
			t.Errorf("used %d times", used.Load())
		}

		for n := range 3 {
			link.TokenHash, link.Expires = hash64(n+10), noon.Add(time.Duration(n)*time.Hour)
			must(t, db.InsertLink(ctx, link))
		}
		if n, err := db.DeleteExpiredLinks(ctx, noon.Add(time.Hour)); err != nil || n != 2 {
			t.Errorf("expired: %d, %v", n, err)
		}
		must(t, db.DeleteLinks(ctx, "7", "email"))
		if _, err := db.LinkByToken(ctx, hash64(12), "email", noon); !errors.Is(err, database.ErrNotFound) {
			t.Errorf("after DeleteLinks: %v", err)
		}
	})
}

// TestMailQueue: both queues keep emails in order, each for itself.
func TestMailQueue(t *testing.T) {
	each(t, func(t *testing.T, db *own.Store, _ *database.DB) {
		testMailQueue(t, db.Emails())
		if n, err := db.Notices().Waiting(t.Context()); err != nil || n != 0 {
			t.Errorf("notices: %d, %v", n, err)
		}
		testMailQueue(t, db.Notices())
	})
}

func testMailQueue(t *testing.T, q own.EmailQueue) {
	ctx := t.Context()
	for n := range 3 {
		must(t, q.Append(ctx, fmt.Sprint("mail ", n), noon.Add(time.Duration(n)*time.Second), 3))
	}
	if err := q.Append(ctx, "one more", noon, 3); !errors.Is(err, database.ErrConflict) {
		t.Errorf("beyond the bound: %v", err)
	}
	if _, err := q.Take(ctx, noon.Add(-time.Second), time.Minute); !errors.Is(err, database.ErrNotFound) {
		t.Errorf("before it is due: %v", err)
	}
	first, err := q.Take(ctx, noon, time.Minute)
	must(t, err)
	if first.Message != "mail 0" || first.Tries != 0 || !first.Created.Equal(noon) {
		t.Errorf("first: %+v", *first)
	}
	if _, err := q.Take(ctx, noon, time.Minute); !errors.Is(err, database.ErrNotFound) {
		t.Errorf("a mail that somebody has: %v", err)
	}
	again, err := q.Take(ctx, noon.Add(time.Minute), time.Minute) // email 1 has been due longer
	must(t, err)
	if again.Message != "mail 1" {
		t.Errorf("then: %+v", *again)
	}
	must(t, q.Delete(ctx, again.ID))
	must(t, q.Postpone(ctx, first.ID, noon.Add(time.Hour)))
	late, err := q.Take(ctx, noon.Add(2*time.Second), time.Minute)
	must(t, err)
	if late.Message != "mail 2" {
		t.Errorf("third: %+v", *late)
	}
	must(t, q.Delete(ctx, late.ID))
	if n, err := q.Waiting(ctx); err != nil || n != 1 {
		t.Errorf("waiting: %d, %v", n, err)
	}
	first, err = q.Take(ctx, noon.Add(time.Hour), time.Minute)
	must(t, err)
	if first.Tries != 1 {
		t.Errorf("tries: %d", first.Tries)
	}
}

func TestRaceTakeMail(t *testing.T) {
	each(t, func(t *testing.T, db *own.Store, _ *database.DB) {
		ctx := t.Context()
		for n := range 5 {
			must(t, db.Emails().Append(ctx, fmt.Sprint("mail ", n), noon, 10))
		}
		var taken [5]atomic.Int32
		together(8, func(int) {
			for {
				m, err := db.Emails().Take(ctx, noon, time.Hour)
				if errors.Is(err, database.ErrNotFound) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				taken[m.Message[5]-'0'].Add(1)
			}
		})
		for n := range taken {
			if got := taken[n].Load(); got > 1 {
				t.Errorf("mail %d was taken %d times", n, got)
			}
		}
	})
}

func TestEndings(t *testing.T) {
	each(t, func(t *testing.T, s *own.Store, db *database.DB) {
		ctx := t.Context()
		u := user(t, db, "joe")
		read := func() int64 {
			t.Helper()
			n, err := s.Ending(ctx, u.ID)
			must(t, err)
			got, err := db.UserByID(ctx, u.ID)
			must(t, err)
			if with, known := got.Ending(); !known || with != n {
				t.Errorf("the user's row says %d, %v; want %d", with, known, n)
			}
			return n
		}
		if n := read(); n != 0 {
			t.Errorf("before the first: %d", n)
		}
		first, err := s.NextEnding(ctx, u.ID, noon)
		must(t, err)
		if first != noon.UnixMicro() || read() != first {
			t.Errorf("the first: %d, want %d", first, noon.UnixMicro())
		}
		second, err := s.NextEnding(ctx, u.ID, noon.Add(-time.Hour)) // a clock that was set back
		must(t, err)
		if second != first+1 || read() != second {
			t.Errorf("the second: %d, want %d", second, first+1)
		}
		var mu sync.Mutex
		seen := map[int64]bool{}
		together(8, func(int) {
			n, err := s.NextEnding(ctx, u.ID, noon)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if seen[n] {
				t.Errorf("%d twice", n)
			}
			seen[n] = true
		})
		if n := read(); n != second+8 {
			t.Errorf("after eight more: %d, want %d", n, second+8)
		}
		named, err := db.UserByUsername(ctx, "joe")
		must(t, err)
		if _, known := named.Ending(); known {
			t.Error("who was read by name bears an ending that was not read")
		}
	})
}
