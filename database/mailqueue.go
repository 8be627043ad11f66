package database

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// QueuedMail is a row of coatcheck_mail: a mail that waits to be sent.
type QueuedMail struct {
	ID int64
	// Message is the mail, as whoever queued it wrote it.
	Message string `json:"-"`
	// Tries is how often it was taken before.
	Tries int
	// Created is when it was queued, Due when it may be taken.
	Created time.Time
	Due     time.Time
}

// String tells the number, and not the message.
func (m QueuedMail) String() string { return fmt.Sprintf("mail %d", m.ID) }

// GoString is String.
func (m QueuedMail) GoString() string { return m.String() }

// LogValue is String.
func (m QueuedMail) LogValue() slog.Value { return slog.StringValue(m.String()) }

// QueueMail appends a mail, unless max mails wait already: then ErrConflict. The
// bound may be passed by as many as append at once.
func (db *DB) QueueMail(ctx context.Context, message string, now time.Time, max int) error {
	if err := check(field{"mail", message, 0}); err != nil {
		return err
	}
	waiting, err := db.MailsWaiting(ctx)
	if err != nil {
		return err
	}
	if waiting >= max {
		return fmt.Errorf("database: queue mail: %d are waiting already: %w", waiting, ErrConflict)
	}
	_, err = db.exec(ctx, &db.own.insertMail, message, db.dialect.Bind(now))
	return err
}

// TakeMail takes the mail that has been due the longest, for the time of the
// lease: nobody else gets it until then. ErrNotFound where none is due. Whoever
// took it deletes it once it is sent, or postpones it.
func (db *DB) TakeMail(ctx context.Context, now time.Time, lease time.Duration) (*QueuedMail, error) {
	for range tries {
		var m QueuedMail
		err := db.row(ctx, &db.own.nextMail, []any{db.dialect.Bind(now)}, &m.ID, &m.Message, &m.Tries,
			&dialect.Time{Dest: &m.Created, Dialect: db.dialect}, &dialect.Time{Dest: &m.Due, Dialect: db.dialect})
		if err != nil {
			return nil, absent("take mail", err)
		}
		count, err := db.exec(ctx, &db.own.claimMail, m.ID, m.Tries, db.dialect.Bind(now.Add(lease)))
		if err != nil {
			return nil, err
		}
		if count > 0 {
			return &m, nil
		}
	}
	return nil, fmt.Errorf("database: take mail: %w", ErrNotFound) // others take them just now
}

// DeleteMail removes a mail from the queue.
func (db *DB) DeleteMail(ctx context.Context, id int64) error {
	_, err := db.exec(ctx, &db.own.deleteMail, id)
	return err
}

// PostponeMail lets a mail wait until due.
func (db *DB) PostponeMail(ctx context.Context, id int64, due time.Time) error {
	_, err := db.exec(ctx, &db.own.postponeMail, id, db.dialect.Bind(due))
	return err
}

// MailsWaiting counts the mails in the queue.
func (db *DB) MailsWaiting(ctx context.Context) (int, error) {
	var n int
	err := db.row(ctx, &db.own.mailsWaiting, nil, &n)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	return n, err
}
