package own

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/internal/column"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// EmailQueue is a table of emails that wait to be sent, in the order in which they
// are due. It is safe for concurrent use.
type EmailQueue struct {
	db database.Executor
	d  *dialect.Dialect
	q  *emailQueries
}

// Emails returns the queue of emails that anybody can ask for (coatcheck_mail).
func (s *Store) Emails() EmailQueue { return EmailQueue{s.db, s.d, &s.q.emails} }

// Notices returns the queue of emails that warn a user (coatcheck_notice), which no
// unknown client can fill.
func (s *Store) Notices() EmailQueue { return EmailQueue{s.db, s.d, &s.q.notices} }

// QueuedEmail is a row of a [EmailQueue].
type QueuedEmail struct {
	ID int64
	// Message is the email as the program that queued it wrote it.
	Message string `json:"-"`
	// Tries is how often it was taken before.
	Tries int
	// Created is when it was queued, Due when it may be taken.
	Created time.Time
	Due     time.Time
}

// String returns the number, without the message.
func (m QueuedEmail) String() string { return fmt.Sprintf("mail %d", m.ID) }

// GoString is String.
func (m QueuedEmail) GoString() string { return m.String() }

// LogValue is String.
func (m QueuedEmail) LogValue() slog.Value { return slog.StringValue(m.String()) }

// Append queues an email. It returns database.ErrConflict if max emails wait already;
// several calls at once may exceed that bound by their number.
func (q EmailQueue) Append(ctx context.Context, message string, now time.Time, max int) error {
	if err := column.Check(column.Of("mail", message, 0)); err != nil {
		return err
	}
	waiting, err := q.Waiting(ctx)
	if err != nil {
		return err
	}
	if waiting >= max {
		return fmt.Errorf("database: queue email: %d are waiting already: %w", waiting, database.ErrConflict)
	}
	_, err = q.db.Exec(ctx, &q.q.insert, message, q.d.Bind(now))
	return err
}

// Take returns the email that has been due the longest, and keeps it from all others
// for the time of the lease. It returns database.ErrNotFound if none is due. The caller
// deletes the email once it is sent, or postpones it.
func (q EmailQueue) Take(ctx context.Context, now time.Time, lease time.Duration) (*QueuedEmail, error) {
	for range tries {
		var m QueuedEmail
		err := q.db.Row(ctx, &q.q.next, []any{q.d.Bind(now)}, &m.ID, &m.Message, &m.Tries,
			&dialect.Time{Dest: &m.Created, Dialect: q.d}, &dialect.Time{Dest: &m.Due, Dialect: q.d})
		if err != nil {
			return nil, fmt.Errorf("database: take email: %w", err)
		}
		count, err := q.db.Exec(ctx, &q.q.claim, m.ID, m.Tries, q.d.Bind(now.Add(lease)))
		if err != nil {
			return nil, err
		}
		if count > 0 {
			return &m, nil
		}
	}
	return nil, fmt.Errorf("database: take email: %w", database.ErrNotFound) // others take them just now
}

// Delete removes an email from the queue.
func (q EmailQueue) Delete(ctx context.Context, id int64) error {
	_, err := q.db.Exec(ctx, &q.q.delete, id)
	return err
}

// Postpone lets an email wait until due.
func (q EmailQueue) Postpone(ctx context.Context, id int64, due time.Time) error {
	_, err := q.db.Exec(ctx, &q.q.postpone, id, q.d.Bind(due))
	return err
}

// Waiting returns the number of emails in the queue.
func (q EmailQueue) Waiting(ctx context.Context) (int, error) {
	var n int
	err := q.db.Row(ctx, &q.q.count, nil, &n)
	if errors.Is(err, database.ErrNotFound) {
		return 0, nil
	}
	return n, err
}

// emailQueries are the statements about one queue.
type emailQueries struct {
	insert, next, claim, delete, postpone, count dialect.Query
}

func newEmailQueries(d *dialect.Dialect, table string) emailQueries {
	return emailQueries{
		insert: d.Query("mail queued", "INSERT INTO "+table+" (message, tries, created, due)"+
			" VALUES (?1, 0, ?2, ?2)"),
		next: d.Query("email looked for", "SELECT id, message, tries, "+
			d.TimeColumn("created")+", "+d.TimeColumn("due")+" FROM "+table+
			" WHERE due <= ?1 ORDER BY due, id LIMIT 1"),
		claim: d.Query("mail claimed", "UPDATE "+table+
			" SET tries = tries + 1, due = ?3 WHERE id = "+d.ID("?1")+" AND tries = ?2"),
		delete:   d.Query("mail deleted", "DELETE FROM "+table+" WHERE id = "+d.ID("?1")),
		postpone: d.Query("mail postponed", "UPDATE "+table+" SET due = ?2 WHERE id = "+d.ID("?1")),
		count:    d.Query("mails counted", "SELECT COUNT(*) FROM "+table),
	}
}
