package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/coatcheck/coatcheck/database/internal/column"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// UnstorableError is the ErrInvalid of a text with characters that the column's
// character set lacks: an emoji in utf8mb3, Cyrillic in LATIN1.
type UnstorableError struct {
	// Field is the field of the user that the text is for, as Django names it: "email".
	Field string
}

// Error names the field, and not the text.
func (e *UnstorableError) Error() string {
	return "database: " + e.Field + " has characters that the database's character set lacks"
}

// Is reports whether target is ErrInvalid.
func (e *UnstorableError) Is(target error) bool { return target == ErrInvalid }

// charsets are the queries that tell whether a column can hold a text, by the column;
// those of a database whose columns hold every text are none. Under "" is the one for
// all columns. They are learned when they are first needed, and kept.
type charsets struct {
	atomic.Pointer[map[string]dialect.Query]
}

// Fits returns an [UnstorableError] if the name, the email address, the first or last
// name, or a value of SetExtra of a user has characters that the database cannot hold. It asks the database
// only about texts beyond ASCII, and only where the character set is not all of Unicode.
func (db *DB) Fits(ctx context.Context, u *User) error {
	texts := []column.Text{
		{Name: "username", Text: u.Username},
		{Name: "first_name", Text: u.FirstName},
		{Name: "last_name", Text: u.LastName},
		{Name: "email", Text: u.Email},
	}
	for name, value := range u.pending() {
		if text, ok := value.(string); ok {
			texts = append(texts, column.Text{Name: name, Text: text})
		}
	}
	for _, f := range texts {
		if isASCII(f.Text) || !column.Storable(f.Text) {
			continue
		}
		fits, err := db.fits(ctx, f)
		if err != nil {
			return err
		}
		if !fits {
			return &UnstorableError{f.Name}
		}
	}
	return nil
}

func (db *DB) fits(ctx context.Context, f column.Text) (bool, error) {
	probes, err := db.probes(ctx)
	if err != nil {
		return false, err
	}
	probe, limited := probes[db.users.model.columnOf(f.Name)]
	if !limited {
		probe, limited = probes[""]
	}
	if !limited {
		return true, nil
	}
	fits, err := db.exists(ctx, &probe, f.Text)
	if errors.Is(err, ErrInvalid) {
		return false, nil
	}
	return fits, err
}

// probes learns which columns do not hold every text.
func (db *DB) probes(ctx context.Context) (map[string]dialect.Query, error) {
	if known := db.charsets.Load(); known != nil {
		return *known, nil
	}
	found := map[string]dialect.Query{}
	err := db.rows(ctx, &db.queries.charsets, []any{db.users.model.Table}, func(rows *sql.Rows) error {
		var column, charset string
		if err := rows.Scan(&column, &charset); err != nil {
			return err
		}
		if !isIdentifier(charset) {
			return fmt.Errorf("the column %s has the character set %.40q", column, charset)
		}
		found[column] = db.dialect.Query("text tried in a character set", db.dialect.Holds(charset))
		return nil
	}, func() { clear(found) })
	if err != nil {
		return nil, err
	}
	db.charsets.Store(&found)
	return found, nil
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r > 0x7f }) < 0
}
