package database

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// AllauthTable is the table of second factors of django-allauth (allauth.mfa, from 0.58 on).
const AllauthTable = "mfa_authenticator"

// The types of rows of AllauthTable.
const (
	AllauthTOTP     = "totp"
	AllauthRecovery = "recovery_codes"
	AllauthWebAuthn = "webauthn"
)

// AllauthFactor is a row of mfa_authenticator. It does not print its data.
type AllauthFactor struct {
	ID   int64
	Type string
	// Data is JSON: of an app its secret, of recovery codes what they are computed from.
	Data string `json:"-"`
}

// String hides the data.
func (f AllauthFactor) String() string { return "mfa.authenticator/" + strconv.FormatInt(f.ID, 10) }

// GoString is String.
func (f AllauthFactor) GoString() string { return f.String() }

// LogValue is String.
func (f AllauthFactor) LogValue() slog.Value { return slog.StringValue(f.String()) }

// readAllauth returns an error if AllauthTable has not the columns that are needed.
func (db *DB) readAllauth(ctx context.Context) error {
	q := db.dialect.Query("allauth's table looked at",
		"SELECT user_id, type, data, last_used_at FROM "+AllauthTable+" WHERE id = 0 AND id = 1")
	err := db.row(ctx, &q, nil, new(any), new(any), new(any), new(any))
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return fmt.Errorf("database: the table %s cannot be read, in which django-allauth keeps second factors: "+
		"%w; update django-allauth to 0.58 or later and run manage.py migrate", AllauthTable, err)
}

// AllauthFactors returns the second factors that a user has in django-allauth: recovery codes, the
// app, then those of WebAuthn. There are none where there is no such table.
func (db *DB) AllauthFactors(ctx context.Context, userID string) ([]AllauthFactor, error) {
	key, ok := db.userKey(userID)
	if !ok || !db.Facts().Has(AllauthTable) {
		return nil, nil
	}
	q := db.dialect.Query("allauth's factors read", "SELECT id, type, "+db.dialect.AsText("data")+" FROM "+
		AllauthTable+" WHERE user_id = "+db.userMark()+" ORDER BY type, id LIMIT "+strconv.Itoa(maxOTP))
	all, err := Collect(ctx, db.Executor(), &q, []any{key}, func(f *AllauthFactor) []any {
		return []any{&f.ID, dialect.Text{Dest: &f.Type}, dialect.Text{Dest: &f.Data}}
	})
	if err != nil {
		return nil, fmt.Errorf("database: factors of allauth: %w", err)
	}
	return all, nil
}

// UseAllauthStep uses up the code of an app for a step of time that began at a time and is used at
// another, by the column that allauth writes at each use, and reports whether no code of that step or
// of a later one was used: of any number who try at once it is true for one.
func (db *DB) UseAllauthStep(ctx context.Context, f AllauthFactor, began, used time.Time) (bool, error) {
	q := db.dialect.Query("code of allauth used up", "UPDATE "+AllauthTable+" SET last_used_at = ?3"+
		" WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)")
	count, err := db.exec(ctx, &q, f.ID, db.dialect.Bind(began), db.dialect.Bind(used))
	return count > 0, err
}

// UseAllauthRecovery replaces the data of recovery codes by those without the code that was used, and
// reports whether they were as they had been read: of any number who try at once it is true for one.
func (db *DB) UseAllauthRecovery(
	ctx context.Context, f AllauthFactor, data string, used time.Time,
) (bool, error) {
	q := db.dialect.Query("recovery code of allauth used up", "UPDATE "+AllauthTable+
		" SET data = ?3, last_used_at = ?4 WHERE id = ?1 AND "+db.dialect.AsText("data")+" = ?2")
	count, err := db.exec(ctx, &q, f.ID, f.Data, data, db.dialect.Bind(used))
	return count > 0, err
}
