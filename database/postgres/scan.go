package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// scan scans a row as row.Scan does, without the detour of each value through sql.Scanner,
// which costs several allocations a column. It puts other pointers to the same places into
// dest.
func scan(row pgx.Row, dest []any) error {
	for i, d := range dest {
		switch d := d.(type) {
		case dialect.Text:
			dest[i] = (*text)(d.Dest)
		case dialect.Bool:
			dest[i] = (*truth)(d.Dest)
		case *dialect.Time:
			dest[i] = (*instant)(d)
		}
	}
	return row.Scan(dest...)
}

// text is a [dialect.Text], for which pgx has an interface of its own.
type text string

// ScanText implements pgtype.TextScanner.
func (t *text) ScanText(v pgtype.Text) error {
	*t = text(v.String)
	return nil
}

// Scan implements sql.Scanner, for columns that are no text to pgx.
func (t *text) Scan(value any) error { return dialect.Text{Dest: (*string)(t)}.Scan(value) }

// truth is a [dialect.Bool].
type truth bool

// ScanBool implements pgtype.BoolScanner.
func (b *truth) ScanBool(v pgtype.Bool) error {
	*b = truth(v.Bool)
	return nil
}

// Scan implements sql.Scanner.
func (b *truth) Scan(value any) error { return dialect.Bool{Dest: (*bool)(b)}.Scan(value) }

// instant is a [dialect.Time].
type instant dialect.Time

// ScanTimestamptz implements pgtype.TimestamptzScanner.
func (t *instant) ScanTimestamptz(v pgtype.Timestamptz) error {
	switch {
	case !v.Valid:
		*t.Dest = time.Time{}
	case v.InfinityModifier != pgtype.Finite:
		return t.Scan(v.InfinityModifier.String())
	default:
		*t.Dest = v.Time.UTC()
	}
	return nil
}

// Scan implements sql.Scanner.
func (t *instant) Scan(value any) error { return (*dialect.Time)(t).Scan(value) }
