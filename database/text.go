package database

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// storable reports whether a text can be in a column at all. PostgreSQL makes an
// error of the others; here they are simply found nowhere.
func storable(text string) bool {
	return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0
}

// field is a text with the length of its column.
type field struct {
	name string
	text string
	max  int // characters; 0: no bound
}

// check refuses texts that a column cannot hold. SQLite would take them.
func check(fields ...field) error {
	for _, f := range fields {
		if !storable(f.text) {
			return fmt.Errorf("database: %s holds a NUL byte or no valid UTF-8: %w", f.name, ErrInvalid)
		}
		if f.max > 0 && len(f.text) > f.max && utf8.RuneCountInString(f.text) > f.max {
			return fmt.Errorf("database: %s is longer than %d characters: %w", f.name, f.max, ErrInvalid)
		}
	}
	return nil
}

// checkTime refuses years that Python's datetime does not have. The zero time is none,
// whatever year it has in the zone.
func (db *DB) checkTime(name string, t time.Time) error {
	if t.IsZero() {
		return nil
	}
	if year := t.In(db.dialect.Location).Year(); year < 1 || year > 9999 {
		return fmt.Errorf("database: %s: the year %d cannot be stored: %w", name, year, ErrInvalid)
	}
	return nil
}

// nullTime makes the argument for a time column that may be NULL.
func (db *DB) nullTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return db.dialect.Bind(t)
}

// parseID reads an id: the decimal of a positive number, as the database would
// write it.
func parseID(id string) (int64, bool) {
	n, err := strconv.ParseInt(id, 10, 64)
	return n, err == nil && n > 0 && id[0] != '+' && id[0] != '0'
}
