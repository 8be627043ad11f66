package own

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/internal/column"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// AuditRow is a row of coatcheck_audit: something that happened to an account. It holds no
// password, token, session key or cookie. Rows are added and never changed.
type AuditRow struct {
	// ID orders the rows by time: see NewAuditID.
	ID string `json:"id"`
	// Time is when it happened.
	Time time.Time `json:"time"`
	// Event is what happened, a code of the table of package auth/audit.
	Event string `json:"event"`
	// Outcome is "ok" or "refused", and Reason why it was refused.
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
	// UserID is whom it is about, as User.ID, and Username the name that the user had; both are
	// empty where no such user exists.
	UserID   string `json:"user_id"`
	Username string `json:"username"`
	// Actor is what kind of actor did it, and ActorName names it if there is a name.
	Actor     string `json:"actor"`
	ActorName string `json:"actor_name"`
	// IP is the address of the client; Browser and OS are its device in words.
	IP      string `json:"ip"`
	Browser string `json:"browser"`
	OS      string `json:"os"`
	// Session is a keyed hash of the session's key, in 16 hexadecimal digits.
	Session string `json:"session"`
}

// AuditFilter selects rows of coatcheck_audit. Zero fields select all.
type AuditFilter struct {
	// UserID is whom the rows are about. Username is the name that the user had then.
	UserID, Username string
	// Events are the codes wanted.
	Events []string
	// Since is the time from which on.
	Since time.Time
	// Before is the ID of the last row of the page before this one.
	Before string
	// Limit is how many rows there are at most, 1,000 if zero or more than that.
	Limit int
}

// The limits of the table.
const (
	mostAudited = 64 // rows that a statement adds
	auditArgs   = 13 // of a row
	mostFound   = 1000
)

const auditColumns = "event, outcome, reason, user_id, username, actor, actor_name, ip, browser, os, session"

// auditQueries are the statements about the audit log.
type auditQueries struct {
	d      *dialect.Dialect
	insert *many
	old    dialect.Query

	mu   sync.Mutex // guards what follows
	find map[string]*dialect.Query
}

func newAuditQueries(d *dialect.Dialect) *auditQueries {
	marks := make([]string, auditArgs)
	for i := range marks {
		marks[i] = fmt.Sprintf("{%d}", i+1)
	}
	row := "(" + strings.Join(marks, ", ") + ")"
	q := &auditQueries{d: d, find: map[string]*dialect.Query{}}
	q.insert = newMany(mostAudited, func(rows int) dialect.Query {
		return d.Query("events recorded", "INSERT INTO "+AuditTable+" (id, created, "+auditColumns+")"+
			" VALUES "+repeated(row, rows, auditArgs, ", ")+d.Keep("id"))
	})
	old := "DELETE FROM " + AuditTable + " WHERE id < ?1"
	if d.DeleteLimit {
		q.old = d.Query("old events deleted", old+" ORDER BY id LIMIT ?2")
	} else {
		q.old = d.Query("old events deleted", old+" AND id IN (SELECT id FROM "+AuditTable+
			" WHERE id < ?1 ORDER BY id LIMIT ?2"+d.SkipLocked+")")
	}
	return q
}

// selecting returns the query of a filter, and its arguments.
func (q *auditQueries) selecting(f *AuditFilter) (*dialect.Query, []any) {
	var where []string
	var args []any
	with := func(condition string, values ...any) {
		where = append(where, condition)
		args = append(args, values...)
	}
	if f.UserID != "" {
		with("user_id = "+mark(len(args)+1), f.UserID)
	}
	if f.Username != "" {
		with("username = "+mark(len(args)+1), f.Username)
	}
	if !f.Since.IsZero() {
		with("id >= "+mark(len(args)+1), auditPrefix(f.Since))
	}
	if f.Before != "" {
		with("id < "+mark(len(args)+1), f.Before)
	}
	if len(f.Events) > 0 {
		marks := make([]string, len(f.Events))
		for i, event := range f.Events {
			args = append(args, event)
			marks[i] = mark(len(args))
		}
		with("event IN (" + strings.Join(marks, ", ") + ")")
	}
	text := "SELECT id, " + q.d.TimeColumn("created") + ", " + auditColumns + " FROM " + AuditTable
	if where != nil {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	args = append(args, f.Limit)
	return q.spelled(text + " ORDER BY id DESC LIMIT " + mark(len(args))), args
}

// spelled returns the query with a text, of which there are few.
func (q *auditQueries) spelled(text string) *dialect.Query {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.find[text] == nil {
		query := q.d.Query("events read", text)
		q.find[text] = &query
	}
	return q.find[text]
}

// NewAuditID returns the ID of a row: the microseconds since 1970 in 14 hexadecimal digits, and
// 18 random ones. IDs sort by time, and a row that is written again is the same row.
func NewAuditID(at time.Time) string {
	random := make([]byte, 9)
	_, _ = rand.Read(random) // which never fails
	return auditPrefix(at) + hex.EncodeToString(random)
}

// auditPrefix is what IDs of that time begin with.
func auditPrefix(at time.Time) string { return fmt.Sprintf("%014x", max(0, at.UnixMicro())) }

// InsertAudit adds rows, in one statement for many. Those that are there already stay as they
// are.
func (s *Store) InsertAudit(ctx context.Context, rows []AuditRow) error {
	for i := range rows {
		if err := rows[i].check(); err != nil {
			return err
		}
	}
	sorted := slices.SortedFunc(slices.Values(rows), func(a, b AuditRow) int {
		return cmp.Compare(a.ID, b.ID)
	})
	_, err := execMany(ctx, s, s.q.audit.insert, sorted, func(row AuditRow) []any {
		return []any{
			row.ID, s.d.Bind(row.Time), row.Event, row.Outcome, row.Reason, row.UserID, row.Username,
			row.Actor, row.ActorName, row.IP, row.Browser, row.OS, row.Session,
		}
	})
	return err
}

// check refuses what the columns cannot hold.
func (row *AuditRow) check() error {
	return column.Check(
		column.Of("id", row.ID, 32), column.Of("event", row.Event, 40), column.Of("outcome", row.Outcome, 10),
		column.Of("reason", row.Reason, 40), column.Of("user id", row.UserID, 64),
		column.Of("username", row.Username, 255), column.Of("actor", row.Actor, 20),
		column.Of("actor name", row.ActorName, 64), column.Of("ip", row.IP, 45),
		column.Of("browser", row.Browser, 40), column.Of("os", row.OS, 40),
		column.Of("session", row.Session, 16),
	)
}

// FindAudit returns the rows that a filter selects, the newest first.
func (s *Store) FindAudit(ctx context.Context, f AuditFilter) ([]AuditRow, error) {
	for _, text := range append([]string{f.UserID, f.Username, f.Before}, f.Events...) {
		if !column.Storable(text) {
			return nil, nil
		}
	}
	if f.Limit <= 0 || f.Limit > mostFound {
		f.Limit = mostFound
	}
	q, args := s.q.audit.selecting(&f)
	return database.Collect(ctx, s.db, q, args, func(row *AuditRow) []any {
		return []any{
			&row.ID, &dialect.Time{Dest: &row.Time, Dialect: s.d}, &row.Event, &row.Outcome, &row.Reason,
			&row.UserID, &row.Username, &row.Actor, &row.ActorName, &row.IP, &row.Browser, &row.OS,
			&row.Session,
		}
	})
}

// DeleteAudit removes the rows of before that time, the oldest first, at most limit of them (0
// or less: all), and reports how many. It works in small statements, each for itself. Nothing
// else removes a row, and nothing changes one.
func (s *Store) DeleteAudit(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.db.Batches(limit, func(batch int64) (int64, error) {
		return s.db.Exec(ctx, &s.q.audit.old, auditPrefix(before), batch)
	})
}
