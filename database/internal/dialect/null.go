package dialect

import "database/sql"

// Text scans a text into Dest, of which NULL is the empty one: a site's own model may
// allow it where Django's does not.
type Text struct{ Dest *string }

// Scan implements sql.Scanner.
func (t Text) Scan(value any) error {
	var text sql.NullString
	err := text.Scan(value)
	*t.Dest = text.String
	return err
}

// Bool scans a truth value into Dest, of which NULL is false, as to Python None is.
type Bool struct{ Dest *bool }

// Scan implements sql.Scanner.
func (b Bool) Scan(value any) error {
	var truth sql.NullBool
	err := truth.Scan(value)
	*b.Dest = truth.Bool
	return err
}
