package database

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// LoginCondition names rows of another application that decide whether a user may log in:
// those of a Django application for a second factor, for instance, which Coatcheck does
// not ask for.
type LoginCondition struct {
	// Table is the table, or schema.table.
	Table string
	// Column refers to the user's primary key.
	Column string
	// Flag is a column of yes or no that must be yes for a row to count; none when empty.
	Flag string
	// Unless refuses users who have no such row; otherwise those who have one are refused.
	Unless bool
}

// String writes the condition as ParseLoginCondition reads it.
func (c LoginCondition) String() string {
	text := c.Table + "." + c.Column
	if c.Flag != "" {
		text += ":" + c.Flag
	}
	return text
}

var conditionForm = regexp.MustCompile(`^((?:\w+\.)?\w+)\.(\w+)(?::(\w+))?$`)

// ParseLoginCondition reads TABLE.COLUMN or TABLE.COLUMN:FLAG.
func ParseLoginCondition(text string, unless bool) (LoginCondition, error) {
	parts := conditionForm.FindStringSubmatch(text)
	if parts == nil {
		return LoginCondition{}, fmt.Errorf("%q is not TABLE.COLUMN or TABLE.COLUMN:FLAG, as in account_emailaddress.user_id:verified", text)
	}
	return LoginCondition{Table: parts[1], Column: parts[2], Flag: parts[3], Unless: unless}, nil
}

// CheckLoginConditions returns an error that names the first condition whose table or
// columns are not there, or of another type.
func (db *DB) CheckLoginConditions(ctx context.Context, conditions []LoginCondition) error {
	var nobody any = int64(0)
	if db.users.uuid {
		nobody = db.dialect.UUID([16]byte{})
	}
	for _, c := range conditions {
		if !conditionForm.MatchString(c.String()) {
			return fmt.Errorf("database: the login condition %q is not TABLE.COLUMN or TABLE.COLUMN:FLAG", c)
		}
		if _, err := db.hasRow(ctx, c, nobody); err != nil {
			return fmt.Errorf("database: the login condition %s cannot be asked for: %w; "+
				"name a table of this database, its column of the user's id, and a column of yes or no", c, err)
		}
	}
	return nil
}

// RefusesLogin reports whether one of the conditions keeps the user from logging in.
func (db *DB) RefusesLogin(ctx context.Context, conditions []LoginCondition, userID string) (bool, error) {
	key, ok := db.userKey(userID)
	if !ok {
		return true, nil
	}
	for _, c := range conditions {
		has, err := db.hasRow(ctx, c, key)
		if err != nil {
			return true, fmt.Errorf("database: login condition: %w", err)
		}
		if has != c.Unless {
			return true, nil
		}
	}
	return false, nil
}

// hasRow looks for a row of the user that counts.
func (db *DB) hasRow(ctx context.Context, c LoginCondition, user any) (bool, error) {
	names := strings.Split(c.Table, ".")
	for i, name := range names {
		names[i] = db.dialect.Quote(name)
	}
	mark := "?1"
	if db.users.uuid {
		mark = db.dialect.UUIDMark(mark)
	}
	text := "SELECT 1 FROM " + strings.Join(names, ".") + " WHERE " + db.dialect.Quote(c.Column) + " = " + mark
	if c.Flag != "" {
		text += " AND " + db.dialect.Quote(c.Flag)
	}
	q := db.dialect.Query("login condition "+c.String(), text+" LIMIT 1")
	err := db.row(ctx, &q, []any{user}, new(int))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
