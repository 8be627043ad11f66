package audit

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/lru"
	"github.com/coatcheck/coatcheck/signing"
)

// logbook is a Log on a database of its own, and what it says in the log of the site.
type logbook struct {
	*Log
	db  *database.DB
	out *bytes.Buffer
}

func newLogbook(t *testing.T) *logbook {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "app.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	var out bytes.Buffer
	l, err := New(Config{
		Database: db, Keys: signing.Keys{Secret: strings.Repeat("k", 50)},
		Logger: slog.New(slog.NewTextHandler(&out, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return &logbook{l, db, &out}
}

// exec runs a statement.
func (l *logbook) exec(t *testing.T, statement string) {
	t.Helper()
	if _, err := l.db.SQL().ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// count returns how many rows there are.
func (l *logbook) count(t *testing.T) (n int) {
	t.Helper()
	if err := l.db.SQL().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM coatcheck_audit").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

var failed = Event{Code: "login-failed", Reason: "wrong-password", User: &database.User{ID: "7", Username: "ada"}}

// TestFlood: ten thousand failed logins from many goroutines are written in batches, and no more
// of them wait than there is room for; what had none is counted in the log.
func TestFlood(t *testing.T) {
	const goroutines, each = 20, 500
	l := newLogbook(t)
	r := httptest.NewRequest("POST", "/accounts/login/", nil)
	var group sync.WaitGroup
	for range goroutines {
		group.Go(func() {
			for range each {
				e := failed
				e.Request = r
				if err := l.Add(t.Context(), e); err != nil {
					t.Error(err)
				}
				l.waiting.mu.Lock()
				waiting := len(l.waiting.events)
				l.waiting.mu.Unlock()
				if waiting > maxWaiting {
					t.Errorf("%d events wait", waiting)
				}
			}
		})
	}
	group.Wait()
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	lost := l.waiting.lost
	for _, told := range regexp.MustCompile(`count=(\d+)`).FindAllStringSubmatch(l.out.String(), -1) {
		n, _ := strconv.Atoi(told[1])
		lost += n
	}
	if got := l.count(t) + lost; got != goroutines*each {
		t.Errorf("%d events are written or counted, want %d", got, goroutines*each)
	}
}

// TestFull: what has no room is counted, and the log tells how many.
func TestFull(t *testing.T) {
	l := newLogbook(t)
	l.waiting.busy <- struct{}{} // a statement is in flight
	for range maxRefused + 5 {
		_ = l.Add(t.Context(), failed)
	}
	_ = l.Add(t.Context(), Event{Code: "login", User: failed.User}) // which a flood does not keep out
	<-l.waiting.busy
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.waiting.busy <- struct{}{} // nobody writes to the log now
	defer func() { <-l.waiting.busy }()
	if n := l.count(t); n != maxRefused+1 {
		t.Errorf("%d rows, want %d", n, maxRefused+1)
	}
	if text := l.out.String(); !strings.Contains(text, "level=ERROR") || !strings.Contains(text, "count=5") {
		t.Errorf("the log: %s", text)
	}
}

// TestStoreAway: while the database takes nothing an event fails nobody, and it is written later,
// once.
func TestStoreAway(t *testing.T) {
	l := newLogbook(t)
	l.exec(t, "ALTER TABLE coatcheck_audit RENAME TO away")
	for range 300 {
		if err := l.Add(t.Context(), failed); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Flush(t.Context()); err == nil {
		t.Error("a write without a table succeeds")
	}
	if _, err := l.Find(t.Context(), Filter{}); err == nil {
		t.Error("a read without a table succeeds")
	}
	l.exec(t, "ALTER TABLE away RENAME TO coatcheck_audit")
	for range 2 {
		if err := l.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := l.count(t); n != 300 {
		t.Errorf("%d rows", n)
	}
	if text := l.out.String(); strings.Count(text, "could not be written; trying again") != 1 || strings.Contains(text, "level=ERROR") {
		t.Errorf("the log: %s", text)
	}
}

// TestClosing: what waits is written before the database is closed.
func TestClosing(t *testing.T) {
	l := newLogbook(t)
	_ = l.Add(t.Context(), failed)
	var path string
	if err := l.db.SQL().QueryRowContext(t.Context(), "SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path); err != nil {
		t.Fatal(err)
	}
	if err := l.db.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it is read only
	rows, err := own.New(db).FindAudit(t.Context(), Filter{})
	if err != nil || len(rows) != 1 {
		t.Errorf("%d rows: %v", len(rows), err)
	}
	if err := l.Add(t.Context(), failed); err != nil || l.waiting.lost != 1 {
		t.Errorf("an event after the end: %v, %d are counted", err, l.waiting.lost)
	}
}

// TestAge: events go when they are older than the setting, and no sooner.
func TestAge(t *testing.T) {
	l := newLogbook(t)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, age := range []time.Duration{0, DefaultAge - time.Second, DefaultAge + time.Second, 2 * DefaultAge} {
		l.now = func() time.Time { return at.Add(-age) }
		_ = l.Add(t.Context(), failed)
	}
	l.now = func() time.Time { return at }
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := l.Clean(t.Context()); n != 2 || err != nil || l.count(t) != 2 {
		t.Errorf("%d removed, %v", n, err)
	}
}

// TestNilLog: a Log that is nil records nothing and fails nothing.
func TestNilLog(t *testing.T) {
	var l *Log
	found, err := l.Find(t.Context(), Filter{})
	n, err2 := l.Clean(t.Context())
	if err := errors.Join(err, err2, l.Add(t.Context(), failed), l.Flush(t.Context())); err != nil || found != nil || n != 0 {
		t.Error(err)
	}
}

// TestSeldom: an event is recorded once a minute for each key.
func TestSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &seldom{marks: lru.New[string, time.Time](8)}
		if !s.due("a", time.Now()) || s.due("a", time.Now()) || !s.due("b", time.Now()) {
			t.Error("not once for each key")
		}
		time.Sleep(lockedOutEvery)
		if !s.due("a", time.Now()) {
			t.Error("not again after a minute")
		}
	})
}

// TestThrottleKey: a client with a network of IPv6 cannot fill the log from its addresses.
func TestThrottleKey(t *testing.T) {
	one, two := throttleKey(&Entry{IP: "2001:db8::1"}), throttleKey(&Entry{IP: "2001:db8::2"})
	if one != two || one == throttleKey(&Entry{IP: "192.0.2.1"}) || throttleKey(&Entry{UserID: "7", IP: "2001:db8::1"}) != "user 7" {
		t.Errorf("%s, %s", one, two)
	}
}

// TestTable: each code is there once, is written as codes are, and fits its column.
func TestTable(t *testing.T) {
	kebab, seen := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`), map[Code]bool{}
	for _, m := range Codes() {
		if !kebab.MatchString(string(m.Code)) || seen[m.Code] || len(m.Code) > 40 || !strings.HasSuffix(m.Doc, ".") {
			t.Errorf("%+v", m)
		}
		seen[m.Code] = true
	}
}

// FuzzClip: every column holds whatever a client chose.
func FuzzClip(f *testing.F) {
	for _, text := range []string{"", "ada", "a\x00b\x1b[31m\r\n", "\xff\xfe", strings.Repeat("😀", 300), "a\u2028b\u0085"} {
		f.Add(text, 40)
	}
	f.Fuzz(func(t *testing.T, text string, most int) {
		if most < 1 || most > 300 {
			t.Skip()
		}
		got := clip(text, most)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > most || strings.ContainsAny(got, "\x00\x1b\r\n\t\u2028\u0085") {
			t.Errorf("%q", got)
		}
		if plain := ascii(got); strings.ContainsFunc(plain, func(c rune) bool { return c > 0x7e }) {
			t.Errorf("%q", plain)
		}
	})
}
