package doctor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/internal/findings"
	"github.com/coatcheck/coatcheck/password"
)

// staleAfter is how long after its end a session is there though somebody removes them daily.
const staleAfter = 48 * time.Hour

// sessionTable is Django's.
const sessionTable = "django_session"

// examination is a look at one database.
type examination struct {
	db    *database.DB
	sql   catalog
	model database.UserModel
	seen  *findings.Database

	passwords *password.Hashers
}

// Database looks at a database. With sessionRows sessions are in its table. It returns what was
// seen even if some question failed, and the error of each that did.
func Database(
	ctx context.Context, db *database.DB, passwords *password.Hashers, sessionRows bool,
) (*findings.Database, error) {
	facts := db.Facts()
	x := &examination{
		db: db, sql: catalogs[db.Engine()], model: db.UserModel(), passwords: passwords,
		seen: &findings.Database{Engine: db.Engine()},
	}
	x.seen.Users = x.model.Table
	if err := facts.Ready(sessionRows); err != nil {
		x.seen.NotReady = sentence(err)
		return x.seen, nil
	}
	var errs []error
	var err error
	if x.seen.MadeHere, err = facts.MadeHere(); err != nil {
		errs = append(errs, fmt.Errorf("migrations: %w", err))
	}
	for _, question := range []struct {
		name  string
		asked bool
		ask   func(context.Context, *sql.Tx) error
	}{
		{"sessions", sessionRows, x.sessions},
		{"encoding", true, x.encoding},
		{"columns", true, x.columns},
		{"NULLs", true, x.nulls},
		{"passwords", true, x.hashes},
		{"last logins", x.column("last_login") != "", x.recent},
		{"clock", x.sql.now != "", x.clock},
		{"journal", x.sql.journal != "", x.journal},
	} {
		if !question.asked {
			continue
		}
		if err := x.read(ctx, question.ask); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", question.name, err))
		}
	}
	if db.Engine() == "postgres" {
		if x.seen.Pooled, err = postgres.Pooled(ctx, db.Pool()); err != nil {
			errs = append(errs, fmt.Errorf("pooler: %w", err))
		}
	}
	return x.seen, errors.Join(errs...)
}

// sentence is the text of an error for people.
func sentence(err error) string {
	text := strings.TrimPrefix(err.Error(), "database: ")
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// read runs a question in a transaction that reads alone.
func (x *examination) read(ctx context.Context, ask func(context.Context, *sql.Tx) error) error {
	tx, err := x.db.Pool().BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	return ask(ctx, tx)
}

// column is that of a field of users, or "" where the model has none.
func (x *examination) column(field string) string {
	if field == "username" {
		return x.model.UsernameColumn
	}
	if name, mapped := x.model.Columns[field]; mapped {
		return name
	}
	return field
}

// quote spells a name, which is letters, digits and underscores.
func (x *examination) quote(name string) string { return x.sql.quote + name + x.sql.quote }

// time is a time as its columns have it.
func (x *examination) time(t time.Time) any {
	if x.db.Engine() == "postgres" {
		return t
	}
	return t.In(x.db.Location()).Format("2006-01-02 15:04:05")
}

// sessions counts rows, and looks for the index.
func (x *examination) sessions(ctx context.Context, tx *sql.Tx) error {
	s, now := &findings.Sessions{}, time.Now()
	count := func(n *int, where string, t time.Time) error {
		query := "SELECT COUNT(*) FROM " + sessionTable + " WHERE expire_date " + where + x.sql.mark
		return tx.QueryRowContext(ctx, query, x.time(t)).Scan(n)
	}
	index := 0
	err := errors.Join(
		count(&s.Live, "> ", now), count(&s.Expired, "<= ", now),
		count(&s.Stale, "<= ", now.Add(-staleAfter)),
		tx.QueryRowContext(ctx, x.sql.index).Scan(&index),
	)
	s.Index = index > 0
	if err == nil {
		x.seen.Sessions = s
	}
	return err
}

// encoding is that of a PostgreSQL.
func (x *examination) encoding(ctx context.Context, tx *sql.Tx) error {
	if x.sql.encoding == "" {
		return nil
	}
	return tx.QueryRowContext(ctx, x.sql.encoding).Scan(&x.seen.Encoding)
}

// columns finds those of users that hold less than Unicode, and those of names and keys in which
// other letters are equal.
func (x *examination) columns(ctx context.Context, tx *sql.Tx) (err error) {
	if x.sql.narrow != "" {
		if x.seen.Narrow, err = x.list(ctx, tx, x.sql.narrow, x.model.Table); err != nil {
			return err
		}
	}
	name, email := x.column("username"), x.column("email")
	x.seen.Folding, err = x.list(ctx, tx, x.sql.folding, x.model.Table, name, email)
	return err
}

// list reads columns, each with what it is.
func (x *examination) list(
	ctx context.Context, tx *sql.Tx, query string, args ...any,
) (all []findings.Column, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var c findings.Column
		if err := rows.Scan(&c.Name, &c.Is); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// neverNull are the fields that Django has NOT NULL; a model of the site's own may have its
// names and its address otherwise.
var neverNull = []string{"password", "username", "is_superuser", "is_staff", "is_active", "date_joined"}

// nulls counts what is NULL.
func (x *examination) nulls(ctx context.Context, tx *sql.Tx) error {
	fields := neverNull
	if x.model.Table == "auth_user" {
		fields = append([]string{"first_name", "last_name", "email"}, neverNull...)
	}
	var names, sums []string
	for _, field := range fields {
		if name := x.column(field); name != "" {
			names = append(names, name)
			sums = append(sums, "COALESCE(SUM(CASE WHEN "+x.quote(name)+" IS NULL THEN 1 ELSE 0 END), 0)")
		}
	}
	counts, into := make([]int, len(names)), make([]any, len(names))
	for i := range counts {
		into[i] = &counts[i]
	}
	query := "SELECT " + strings.Join(sums, ", ") + " FROM " + x.quote(x.model.Table)
	if err := tx.QueryRowContext(ctx, query).Scan(into...); err != nil {
		return err
	}
	for i, n := range counts {
		if n > 0 {
			x.seen.Nulls = append(x.seen.Nulls, findings.Column{Name: names[i], Rows: n})
		}
	}
	return nil
}

// clock compares the clock of the database with that of this machine, in the middle of the query.
func (x *examination) clock(ctx context.Context, tx *sql.Tx) error {
	var theirs time.Time
	start := time.Now()
	if err := tx.QueryRowContext(ctx, x.sql.now).Scan(&theirs); err != nil {
		return err
	}
	x.seen.Clock = theirs.Sub(start.Add(time.Since(start) / 2))
	return nil
}

// journal reads the journal mode of an SQLite file.
func (x *examination) journal(ctx context.Context, tx *sql.Tx) error {
	return tx.QueryRowContext(ctx, x.sql.journal).Scan(&x.seen.Journal)
}
