package dialect

import (
	"context"
	"database/sql"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Style is how an engine spells the parameters of a statement.
type Style int

// The styles.
const (
	Ordinal Style = iota // ?1, ?2: SQLite
	Dollar               // $1, $2: PostgreSQL
	Bare                 // ?, ?: MySQL and MariaDB
)

// Class is what an error of a driver means to a caller.
type Class int

// The classes.
const (
	Other      Class = iota
	Duplicate        // a unique constraint refused the row
	Missing          // a column that must not be NULL was given no value
	Referenced       // rows of other tables refer to the row that was to be deleted
	ReadOnly         // the database takes no writes now
	Transient        // nothing was written, the same work may succeed now
	Invalid          // the value does not fit the column
	Lost             // the connection broke: what was read may be read again
	Exists           // the table, column or index that was to be made is there
	Stale            // the statement's prepared form is gone or out of date; nothing was done
)

// Dialect is what differs between the engines. The zero value of a text means
// the common spelling.
type Dialect struct {
	// Name is "sqlite", "postgres" or "mysql".
	Name string
	// Style is the spelling of parameters.
	Style Style
	// Location is the zone of the naive times in the columns; never nil. For
	// PostgreSQL, which stores instants, it is only the site's zone.
	Location *time.Location
	// NativeTime means that the engine stores instants, and that the driver
	// takes and gives time.Time.
	NativeTime bool
	// TimeText means that time columns are read as text.
	TimeText bool
	// Prepare means that a prepared statement is worth keeping.
	Prepare bool
	// Unprepared is the argument that, in front of the others, has the driver run a
	// statement without a prepared form; nil where Stale is never an error's class.
	Unprepared any
	// Returning means that INSERT returns the new id as a row.
	Returning bool
	// OnConflict means that INSERT ... ON CONFLICT DO NOTHING exists.
	OnConflict bool
	// BinaryCast means that text columns may compare without regard to case,
	// and that equality of bytes has to be asked for.
	BinaryCast bool
	// IntCast is appended to an integer parameter.
	IntCast string
	// TimeCast is appended to a parameter that is a time, where nothing else says so.
	TimeCast string
	// UpdateFrom means that UPDATE ... FROM (VALUES ...) exists.
	UpdateFrom bool
	// UUIDCast is appended to a parameter that is a UUID.
	UUIDCast string
	// Backticks means that names are quoted by them, and not by quotation marks.
	Backticks bool
	// AsText spells a column of whatever type in a SELECT, where it comes as text.
	AsText func(column string) string
	// ForUpdate is appended to a SELECT that locks its rows.
	ForUpdate string
	// PrefixRange means that a prefix is looked for by a range, and not by LIKE,
	// which ignores case there and so the index.
	PrefixRange bool
	// FoldUpper means that a comparison without case is UPPER() = UPPER(), as
	// Django makes it on PostgreSQL; LIKE otherwise.
	FoldUpper bool
	// Alike spells "the column may be spelled like the parameter", which is in
	// lowercase: it finds each row that is equal to it in lowercase if both are ASCII,
	// and each row that is not ASCII. It may find more.
	Alike func(column, mark string) string
	// Isolation is the level of a transaction.
	Isolation sql.IsolationLevel
	// DeleteLimit means that DELETE takes ORDER BY and LIMIT.
	DeleteLimit bool
	// SkipLocked is appended to the sub-select that chooses rows to delete.
	SkipLocked string
	// Tables is a query without parameters for the names of all tables that an
	// unqualified name would find.
	Tables string
	// Elsewhere is a query without parameters for the schemas and the tables in them that
	// an unqualified name would not find; empty where there are none.
	Elsewhere string
	// Remedy specifies how to have them found.
	Remedy string
	// PathChosen is a query without parameters that finds a row if somebody chose where
	// unqualified names are looked for; empty where the DSN always says it.
	PathChosen string
	// OptionalUnique is a query that finds a row if the column ?2 of the table ?1 may be
	// NULL, and no two rows may have the same text in it, case aside or not.
	OptionalUnique string
	// Charsets is a query for the columns of the table ?1 that do not hold all of
	// Unicode, each with its character set; "" stands for every column. Empty where all
	// columns of the engine do.
	Charsets string
	// Holds spells a SELECT that finds a row if a character set has all characters of
	// the text ?1, and otherwise finds none or is an error of the class Invalid.
	Holds func(charset string) string
	// Classify reports what an error of the driver means.
	Classify func(error) Class
	// Now spells the present time, the same in all of a statement, for a time column of a
	// site whose zone is UTC.
	Now string
	// CommitsDDL means that each statement that changes a table commits.
	CommitsDDL bool
	// Triggers are those by which the engine tells of changes; nil where it needs none.
	Triggers func(Watched) Triggers
	// Alone runs fn while no other node runs one, with everything that fn did
	// in one transaction where the engine's DDL allows that.
	Alone func(ctx context.Context, db *sql.DB, fn func(context.Context, Conn) error) error
}

// Source is what the package of an engine opened.
type Source struct {
	Pool   *sql.DB      // takes every write
	Reader *sql.DB      // takes the reads; nil: Pool does
	Own    *sql.DB      // is for statements of the program; nil: Pool is
	Row    RowFunc      // reads single rows outside of transactions; nil: Reader does
	Rows   RowsFunc     // reads the rows of PostgreSQL's queries with lists as parameters; may be nil
	Close  func() error // called after both are closed; may be nil
	Create bool         // create absent tables
	Lent   bool         // Pool belongs to somebody else, who closes it

	Channel ChannelFunc // nil where it cannot tell of changes
}

// RowFunc runs a SELECT for one row and scans it into pointers to string, int,
// int64, bool and sql.Scanner; sql.ErrNoRows where there is none. An engine has
// one where its driver reads a row at a fraction of what it costs through
// database/sql, for the two rows that each request of a signed-in user reads.
type RowFunc func(ctx context.Context, text string, args, dest []any) error

// RowsFunc runs a SELECT outside of transactions and calls each with what scans a row.
type RowsFunc func(ctx context.Context, text string, args []any, each func(Scan) error) error

// Scan reads the columns of a row.
type Scan func(dest ...any) error

// Conn is what *sql.DB, *sql.Tx and *sql.Conn have in common.
type Conn interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Query is one statement, spelled for its engine.
type Query struct {
	// Name specifies what the statement does, for traces and errors.
	Name string
	// Text is the statement.
	Text string
	// Write means that it changes rows.
	Write bool
	// Marks is the number of parameters.
	Marks int
	order []int // the parameters in the order of their marks; nil: as given
}

// Query spells a statement that is written with the
// parameters ?1, ?2 and so on.
func (d *Dialect) Query(name, text string) Query {
	q := Query{Name: name, Text: text, Marks: countMarks(text), Write: !strings.HasPrefix(text, "SELECT") || strings.HasSuffix(text, "FOR UPDATE")}
	switch d.Style {
	case Dollar:
		q.Text = marks(text, func(n int) string { return "$" + strconv.Itoa(n) })
	case Bare:
		q.order = []int{}
		q.Text = marks(text, func(n int) string {
			q.order = append(q.order, n-1)
			return "?"
		})
		if inOrder(q.order) {
			q.order = nil
		}
	}
	return q
}

// tableName is the name of a table after the word that announces it, at most in quotes.
var tableName = regexp.MustCompile(`(?i)(?:^UPDATE|\bFROM|\bJOIN|\bINTO) +["\x60]?([A-Za-z_][A-Za-z0-9_.$]*)`)

// Tables returns the names of the tables that the statement reads and writes, each once.
func (q *Query) Tables() (all []string) {
	for _, m := range tableName.FindAllStringSubmatch(q.Text, -1) {
		if !slices.Contains(all, m[1]) {
			all = append(all, m[1])
		}
	}
	return all
}

// Args puts the arguments into the order of the statement's marks.
func (q *Query) Args(args []any) []any {
	if q.order == nil {
		return args
	}
	ordered := make([]any, len(q.order))
	for i, n := range q.order {
		ordered[i] = args[n]
	}
	return ordered
}

// marks replaces every ?1, ?2 and so on of a statement.
func marks(text string, spell func(int) string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		end := i + 1
		for text[i] == '?' && end < len(text) && '0' <= text[end] && text[end] <= '9' {
			end++
		}
		n, err := strconv.Atoi(text[i+1 : end])
		if err != nil {
			b.WriteByte(text[i])
			continue
		}
		b.WriteString(spell(n))
		i = end - 1
	}
	return b.String()
}

// countMarks returns the highest number of a mark.
func countMarks(text string) (most int) {
	marks(text, func(n int) string {
		most = max(most, n)
		return ""
	})
	return most
}

// inOrder reports whether order is 0, 1, 2 and so on.
func inOrder(order []int) bool {
	for i, n := range order {
		if i != n {
			return false
		}
	}
	return true
}

// TimeColumn spells a time column in a SELECT.
func (d *Dialect) TimeColumn(column string) string {
	if d.TimeText {
		return "CAST(" + column + " AS TEXT)"
	}
	return column
}

// Same spells "the column holds the bytes of the parameter", with an index on
// the column still of use.
func (d *Dialect) Same(column, mark string) string {
	if d.BinaryCast {
		return column + " = " + mark + " AND CAST(" + column + " AS BINARY) = " + mark
	}
	return column + " = " + mark
}

// ID spells a parameter that is an id.
func (d *Dialect) ID(mark string) string { return mark + d.IntCast }

// Fold spells a comparison without case, as Django's iexact makes it.
func (d *Dialect) Fold(column, mark string) string {
	if d.FoldUpper {
		return "UPPER(" + column + "::text) = UPPER(" + mark + "::text)"
	}
	return column + " LIKE " + mark + " ESCAPE '!'"
}

// FoldArg returns the argument of Fold.
func (d *Dialect) FoldArg(text string) string {
	if d.FoldUpper {
		return text
	}
	return likeEscape.Replace(text)
}

var likeEscape = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// Prefixed spells "the column begins with the prefix", with the column's index of
// use; ?1 and ?2 are what PrefixArgs gives.
func (d *Dialect) Prefixed(column string) string {
	if d.PrefixRange {
		return column + " >= ?1 AND " + column + " < ?2"
	}
	return column + " LIKE ?1 AND " + column + " <> ?2"
}

// PrefixArgs returns the arguments of Prefixed, of a prefix of letters and digits.
func (d *Dialect) PrefixArgs(prefix string) (any, any) {
	if d.PrefixRange {
		return prefix, prefix + "~" // behind every letter and digit
	}
	return prefix + "%", ""
}

// DoNothing ends an INSERT that does nothing where a row with the columns exists: the row
// count tells, and a transaction of PostgreSQL lives on.
func (d *Dialect) DoNothing(columns string) string {
	if d.OnConflict {
		return " ON CONFLICT (" + columns + ") DO NOTHING"
	}
	return ""
}

// Keep ends an INSERT of many rows that leaves alone those that exist; column is the primary
// key. The row count does not tell.
func (d *Dialect) Keep(column string) string {
	if d.OnConflict {
		return d.DoNothing(column)
	}
	return " ON DUPLICATE KEY UPDATE " + column + " = " + column
}
