package own_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
)

// event is a row of the audit log.
func event(at time.Time, user, what string) own.AuditRow {
	return own.AuditRow{
		ID: own.NewAuditID(at), Time: at, Event: what, Outcome: "refused", Reason: "wrong-password",
		UserID: user, Username: "Zoë 😀 名前", Actor: "visitor", ActorName: "root", IP: "2001:db8::7",
		Browser: "Firefox", OS: "Linux", Session: "0123456789abcdef",
	}
}

// TestAudit: rows come back as they went in, the newest first, as the filter selects them, page by
// page; and go by their age alone.
func TestAudit(t *testing.T) {
	each(t, func(t *testing.T, s *own.Store, db *database.DB) {
		const many = 150
		ctx := t.Context()
		var rows []own.AuditRow
		for n := range many {
			what := "login"
			if n%3 == 0 {
				what = "login-failed"
			}
			rows = append(rows, event(noon.Add(time.Duration(n)*time.Second), fmt.Sprint(n%2), what))
		}
		must(t, s.InsertAudit(ctx, rows[:many/2]))
		must(t, s.InsertAudit(ctx, rows)) // what is there already stays
		all, err := s.FindAudit(ctx, own.AuditFilter{})
		must(t, err)
		if len(all) != many {
			t.Fatalf("%d rows", len(all))
		}
		if diff := cmp.Diff(rows[many-1], all[0]); diff != "" {
			t.Error(diff)
		}
		for name, test := range map[string]struct {
			filter own.AuditFilter
			want   int
		}{
			"of a user":         {own.AuditFilter{UserID: "1"}, many / 2},
			"by name":           {own.AuditFilter{Username: "Zoë 😀 名前"}, many},
			"of nobody":         {own.AuditFilter{Username: "nobody"}, 0},
			"of an event":       {own.AuditFilter{Events: []string{"login-failed"}}, many / 3},
			"of two events":     {own.AuditFilter{Events: []string{"login-failed", "login"}}, many},
			"since":             {own.AuditFilter{Since: noon.Add((many - 10) * time.Second)}, 10},
			"before":            {own.AuditFilter{Before: rows[5].ID}, 5},
			"all conditions":    {own.AuditFilter{UserID: "0", Username: "Zoë 😀 名前", Events: []string{"login"}, Since: noon, Before: rows[9].ID}, 3},
			"limited":           {own.AuditFilter{Limit: 7}, 7},
			"with a NUL":        {own.AuditFilter{UserID: "1\x00"}, 0},
			"with broken UTF-8": {own.AuditFilter{Events: []string{"\xff"}}, 0},
		} {
			if got, err := s.FindAudit(ctx, test.filter); err != nil || len(got) != test.want {
				t.Errorf("%s: %d rows, want %d; %v", name, len(got), test.want, err)
			}
		}
		removed, err := s.DeleteAudit(ctx, noon.Add(10*time.Second), 0)
		if err != nil || removed != 10 {
			t.Errorf("%d old rows removed: %v", removed, err)
		}
		if left, err := s.FindAudit(ctx, own.AuditFilter{}); err != nil || len(left) != many-10 ||
			left[len(left)-1].ID != rows[10].ID {
			t.Errorf("%d rows are left: %v", len(left), err)
		}
	})
}

// TestAuditInTransactions: a transaction that is rolled back leaves no row.
func TestAuditInTransactions(t *testing.T) {
	each(t, func(t *testing.T, s *own.Store, db *database.DB) {
		failure := errors.New("no")
		for _, end := range []error{failure, nil} {
			err := db.Tx(t.Context(), func(ctx context.Context, _ *database.DB) error {
				must(t, s.InsertAudit(ctx, []own.AuditRow{event(noon, "1", "password-changed")}))
				return end
			})
			if !errors.Is(err, end) {
				t.Fatal(err)
			}
			rows, err := s.FindAudit(t.Context(), own.AuditFilter{})
			want := 1
			if end != nil {
				want = 0
			}
			if err != nil || len(rows) != want {
				t.Errorf("after %v: %d rows, %v", end, len(rows), err)
			}
		}
	})
}

// TestAuditTooLong: what a column cannot hold is refused before the database is asked, on every
// engine, also by those that would cut it.
func TestAuditTooLong(t *testing.T) {
	each(t, func(t *testing.T, s *own.Store, _ *database.DB) {
		for _, spoil := range []func(*own.AuditRow){
			func(r *own.AuditRow) { r.Username = strings.Repeat("é", 256) },
			func(r *own.AuditRow) { r.Reason = "a\x00" },
			func(r *own.AuditRow) { r.Browser = "\xff" },
			func(r *own.AuditRow) { r.Session = strings.Repeat("0", 17) },
		} {
			row := event(noon, "1", "login")
			spoil(&row)
			if err := s.InsertAudit(t.Context(), []own.AuditRow{row}); !errors.Is(err, database.ErrInvalid) {
				t.Errorf("%v", err)
			}
		}
		row := event(noon, "1", "login")
		row.Username = strings.Repeat("é", 255)
		must(t, s.InsertAudit(t.Context(), []own.AuditRow{row}))
	})
}

// TestAuditTogether: many nodes write the same and other rows at once, and each is there once.
func TestAuditTogether(t *testing.T) {
	each(t, func(t *testing.T, s *own.Store, _ *database.DB) {
		var same []own.AuditRow
		for n := range 40 {
			same = append(same, event(noon.Add(time.Duration(n)), "1", "login"))
		}
		var failed atomic.Int64
		together(8, func(n int) {
			mine := event(noon, fmt.Sprint("own ", n), "logout")
			if s.InsertAudit(t.Context(), append(same[:len(same):len(same)], mine)) != nil {
				failed.Add(1)
			}
		})
		rows, err := s.FindAudit(t.Context(), own.AuditFilter{})
		if err != nil || failed.Load() != 0 || len(rows) != 48 {
			t.Errorf("%d rows, %d failed: %v", len(rows), failed.Load(), err)
		}
	})
}

// TestAuditIsAppendOnly: no statement of the program changes a row of the audit log, and one
// alone removes rows.
func TestAuditIsAppendOnly(t *testing.T) {
	files, err := filepath.Glob("*.go")
	must(t, err)
	changes := 0
	changing := regexp.MustCompile(`(?i)(UPDATE|DELETE FROM|REPLACE INTO|TRUNCATE( TABLE)?) (" ?\+ ?AuditTable|coatcheck_audit)`)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		must(t, err)
		for _, found := range changing.FindAllString(string(text), -1) {
			changes++
			if !strings.HasPrefix(found, "DELETE") || file != "audit.go" {
				t.Errorf("%s: %s", file, found)
			}
		}
	}
	if changes != 1 {
		t.Errorf("%d statements change the table, want the one that removes old rows", changes)
	}
}
