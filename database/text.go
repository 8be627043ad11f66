package database

import (
	"fmt"
	"strconv"
	"time"
)

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

// nullTime returns the argument for a time column that may be NULL.
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
