package dialect

import "encoding/hex"

// Quote spells a name that is letters, digits and underscores.
func (d *Dialect) Quote(name string) string {
	if d.Backticks {
		return "`" + name + "`"
	}
	return `"` + name + `"`
}

// UUID returns the argument for a column of UUIDs: their digits without dashes,
// which is Django's text where the engine has no such type, and which all types
// take.
func (d *Dialect) UUID(id [16]byte) any { return hex.EncodeToString(id[:]) }

// UUIDMark spells a parameter that is a UUID.
func (d *Dialect) UUIDMark(mark string) string { return mark + d.UUIDCast }

// UUIDColumn spells a column of UUIDs in a SELECT, where it comes as text.
func (d *Dialect) UUIDColumn(column string) string {
	if d.UUIDCast == "" {
		return column
	}
	return column + "::text"
}
