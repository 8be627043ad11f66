package database

import (
	"database/sql"
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// extra are the site's own columns of a user of a custom model.
type extra struct {
	columns  []string         // of the values
	values   []sql.NullString // as they were read
	location *time.Location   // of naive times
	set      map[string]any   // by SetExtra, to be written
}

// ScanExtra reads a column that [UserModel.Extra] names into dest: a pointer to a
// string, bool, int, int64, float64 or time.Time, or a sql.Scanner (such as
// *sql.NullString, or the UUID and decimal types of most libraries), or a
// encoding.TextUnmarshaler, or *json.RawMessage. NULL gives the zero value. A
// column that is not in Extra is an error.
func (u User) ScanExtra(column string, dest any) error {
	if u.extra == nil {
		return fmt.Errorf("database: extra column %q: the user did not come from a database with such a UserModel", column)
	}
	i := slices.Index(u.extra.columns, column)
	if i < 0 {
		return fmt.Errorf("database: extra column %q is not in UserModel.Extra", column)
	}
	if err := u.extra.scan(u.extra.values[i], dest); err != nil {
		return fmt.Errorf("database: extra column %q: %w", column, err)
	}
	return nil
}

// SetExtra sets a column that [UserModel.Extra] names, for the next CreateUser or
// UpdateUser to write: a string, bool, number, time.Time or nil. A date is the
// string "2026-01-31", a UUID a string without dashes, JSON its text. ScanExtra
// reads what is stored.
func (u *User) SetExtra(column string, value any) {
	own := extra{}
	if u.extra != nil {
		own = *u.extra
	}
	own.set = maps.Clone(own.set) // copies of the user keep theirs
	if own.set == nil {
		own.set = map[string]any{}
	}
	own.set[column] = value
	u.extra = &own
}

// scan converts a value.
func (e *extra) scan(value sql.NullString, dest any) (err error) {
	text := value.String
	switch dest := dest.(type) {
	case *string:
		*dest = text
		return nil
	case *json.RawMessage:
		if *dest = nil; value.Valid {
			*dest = json.RawMessage(text)
		}
		return nil
	case sql.Scanner:
		if !value.Valid {
			return dest.Scan(nil)
		}
		return dest.Scan(text)
	}
	if !value.Valid {
		text = ""
	}
	switch dest := dest.(type) {
	case *bool:
		*dest, err = parse(text, strconv.ParseBool)
	case *int:
		*dest, err = parse(text, strconv.Atoi)
	case *int64:
		*dest, err = parse(text, func(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) })
	case *float64:
		*dest, err = parse(text, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
	case *time.Time:
		*dest, err = parse(text, e.time)
	case encoding.TextUnmarshaler:
		if value.Valid {
			err = dest.UnmarshalText([]byte(text))
		}
	default:
		err = fmt.Errorf("it cannot be read into a %T", dest)
	}
	return err
}

// parse returns the zero value for NULL.
func parse[T any](text string, read func(string) (T, error)) (value T, err error) {
	if text == "" {
		return value, nil
	}
	return read(text)
}

// time reads a date, or a time with or without zone.
func (e *extra) time(text string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day, nil
	}
	if n := len(text); n > 19 && strings.ContainsAny(text[n-3:n-2], "+-") { // PostgreSQL's +00
		text += ":00"
	}
	return dialect.ParseNaive(text, e.location)
}

// ExtraSize is how many bytes the site's own columns take, about.
func (u User) ExtraSize() int {
	if u.extra == nil {
		return 0
	}
	n := 0
	for _, v := range u.extra.values {
		n += len(v.String) + 32
	}
	return n
}
