package own_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
)

// Many sessions are added and seen at once, in numbers that no statement is spelled for.
func TestManySessions(t *testing.T) {
	each(t, func(t *testing.T, s *own.Store, _ *database.DB) {
		const many = 700
		ctx := t.Context()
		var rows []own.IndexedSession
		var hashes []string
		for n := range many {
			row := indexed(n, "7")
			row.LastSeen = noon
			rows, hashes = append(rows, row), append(hashes, row.KeyHash)
		}
		must(t, s.InsertIndexedSessions(ctx, rows[:many/2]))
		must(t, s.InsertIndexedSessions(ctx, rows))
		known, err := s.KnownIndexedSessions(ctx, append(hashes, hash64(many+1)))
		must(t, err)
		if len(known) != many || known[hash64(many+1)] {
			t.Errorf("%d of %d hashes are known", len(known), many)
		}
		for i := range rows {
			rows[i].IP, rows[i].LastSeen = "192.0.2.7", noon.Add(time.Hour)
		}
		written, err := s.SeeIndexedSessions(ctx, rows[:many-1], time.Minute, time.Minute)
		must(t, err)
		if written != many-1 {
			t.Errorf("%d rows written, want %d", written, many-1)
		}
		for _, want := range rows[: many-1 : many] {
			got, err := s.IndexedSession(ctx, want.KeyHash)
			must(t, err)
			if diff := cmp.Diff(want, *got); diff != "" {
				t.Fatal(diff)
			}
		}
		must(t, s.DeleteIndexedSessions(ctx, hashes[:many-3]))
		if left, err := s.KnownIndexedSessions(ctx, hashes); err != nil || len(left) != 3 {
			t.Errorf("%d rows are left: %v", len(left), err)
		}
	})
}

// A session is written once in its time, whichever nodes see it, and sooner only from another
// place.
func TestSeenAtMostOnce(t *testing.T) {
	each(t, func(t *testing.T, s *own.Store, _ *database.DB) {
		ctx := t.Context()
		row := indexed(0, "7")
		_, err := s.InsertIndexedSession(ctx, row)
		must(t, err)
		moved, adopted, theirs, rekeyed := row, row, row, row
		moved.IP, theirs.UserID, rekeyed.Locator = "192.0.2.7", "8", "p:abcdefgx"
		adopted.KeyHash, adopted.IP, adopted.UserAgent = hash64(1), "", ""
		_, err = s.InsertIndexedSession(ctx, adopted)
		must(t, err)
		adopted.IP = "192.0.2.8"
		for _, step := range []struct {
			what  string
			row   own.IndexedSession
			after time.Duration
			want  int64
		}{
			{"a moment too early", row, 5*time.Minute - time.Microsecond, 0},
			{"in time", row, 5 * time.Minute, 1},
			{"again", row, 5 * time.Minute, 0},
			{"by another node that is late", row, 4 * time.Minute, 0},
			{"another place, too early", moved, 5*time.Minute + 29*time.Second, 0},
			{"another place", moved, 5*time.Minute + 30*time.Second, 1},
			{"somebody else's", theirs, time.Hour, 0},
			{"by another key", rekeyed, 0, 1},
			{"by another key, again", rekeyed, 0, 0},
			{"what the walk adopted", adopted, 0, 1},
			{"what the walk adopted, again", adopted, 0, 0},
		} {
			step.row.LastSeen = noon.Add(step.after)
			got, err := s.SeeIndexedSessions(ctx, []own.IndexedSession{step.row}, 5*time.Minute, 30*time.Second)
			if err != nil || got != step.want {
				t.Errorf("%s: %d rows written, want %d; %v", step.what, got, step.want, err)
			}
		}
	})
}

// A row that no column can hold keeps out none of the others.
func TestInvalidSessionsAmongMany(t *testing.T) {
	each(t, func(t *testing.T, s *own.Store, _ *database.DB) {
		var rows []own.IndexedSession
		var hashes []string
		for n := range 100 {
			row := indexed(n, "7")
			if n%30 == 7 {
				row.UserID = strings.Repeat("7", 65)
			}
			rows, hashes = append(rows, row), append(hashes, row.KeyHash)
		}
		refused, err := own.EachRow(rows, func(rows []own.IndexedSession) error {
			return s.InsertIndexedSessions(t.Context(), rows)
		})
		if refused != 4 || err != nil {
			t.Errorf("%d rows refused, want 4; %v", refused, err)
		}
		if known, err := s.KnownIndexedSessions(t.Context(), hashes); err != nil || len(known) != 96 {
			t.Errorf("%d rows, want 96; %v", len(known), err)
		}
		failure := errors.New("away")
		if _, err := own.EachRow(rows, func([]own.IndexedSession) error { return failure }); !errors.Is(err, failure) {
			t.Errorf("the error of a failure is %v", err)
		}
	})
}

// One node walks at a time; where its lease ends another one goes on at its place, and the next
// walk begins when it is due.
func TestWalk(t *testing.T) {
	each(t, func(t *testing.T, s *own.Store, _ *database.DB) {
		ctx := t.Context()
		one := own.Walk{Name: "sessions", Holder: "one", Lease: time.Minute}
		two := own.Walk{Name: "sessions", Holder: "two", Lease: time.Minute}
		take := func(w own.Walk, at time.Duration, wantPlace string, want bool) {
			t.Helper()
			place, taken, err := s.TakeWalk(ctx, w, noon.Add(at))
			if err != nil || taken != want || place != wantPlace {
				t.Errorf("%s takes the walk after %v: %q, %v, %v; want %q, %v", w.Holder, at, place, taken, err, wantPlace, want)
			}
		}
		take(one, 0, "", true)
		take(two, 0, "", false)
		must1(t, true)(s.KeepWalk(ctx, one, "abcdefgh", noon.Add(30*time.Second)))
		must1(t, false)(s.KeepWalk(ctx, two, "zzzzzzzz", noon))
		take(two, 89*time.Second, "", false)
		take(two, 90*time.Second, "abcdefgh", true)
		must1(t, false)(s.KeepWalk(ctx, one, "b", noon.Add(91*time.Second)))
		must(t, s.FinishWalk(ctx, one, noon)) // it is not the one's any more
		take(one, 91*time.Second, "", false)
		must1(t, true)(s.KeepWalk(ctx, own.Walk{Name: two.Name, Holder: two.Holder}, "c", noon.Add(92*time.Second)))
		take(one, 92*time.Second, "c", true)
		must(t, s.FinishWalk(ctx, one, noon.Add(time.Hour)))
		take(one, 59*time.Minute, "", false)
		take(two, time.Hour, "", true)

		var winners [8]bool
		together(len(winners), func(i int) {
			w := own.Walk{Name: "another", Holder: string(rune('a' + i)), Lease: time.Minute}
			_, taken, err := s.TakeWalk(ctx, w, noon)
			if err != nil {
				t.Error(err)
			}
			winners[i] = taken
		})
		n := 0
		for _, taken := range winners {
			if taken {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d nodes walk at once", n)
		}
	})
}
