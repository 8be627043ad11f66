package database

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
	"github.com/coatcheck/coatcheck/database/internal/schema"
)

// Migrate creates what is absent of Django's tables, to the letter of Django's
// own migrations, with content types, default permissions and the rows of
// django_migrations, so that `manage.py migrate` finds nothing to do; and our own,
// whose names begin with coatcheck_. It tells what it did, line by line; nothing
// where all was there.
//
// A database with no table of Django's gets those of contenttypes, auth,
// sessions and admin. Where some of them exist, they stay as they are, and only
// what this package cannot do without is added: contenttypes, auth and sessions. The
// tables of a custom [UserModel] are Django's to create: they are there, or opening
// the database fails.
//
// Any number of nodes may do it at once: it happens once, in one transaction
// where the engine's DDL knows such, and under a lock. Django's own migrate does
// not take that lock: do not run it for the first time at the same moment.
func (db *DB) Migrate(ctx context.Context) ([]string, error) {
	if db.tx != nil {
		return nil, fmt.Errorf("database: migrate: not within a transaction")
	}
	if complete, err := db.complete(ctx); complete || err != nil {
		return nil, err
	}
	if err := db.refuseSecond(ctx); err != nil {
		return nil, err
	}
	var m *migration
	err := db.retry(ctx, false, func(db *DB) error {
		return db.dialect.Alone(ctx, db.pool, func(ctx context.Context, conn dialect.Conn) error {
			m = &migration{db: db, conn: conn}
			return m.run(ctx)
		})
	})
	if err != nil {
		return nil, fmt.Errorf("database: migrate: %w", err)
	}
	return m.done, nil
}

// complete reports whether a look at the tables shows that there is nothing to
// do; then no lock is taken, and no right to create tables is needed.
func (db *DB) complete(ctx context.Context) (bool, error) {
	present, err := db.tables(ctx)
	if err != nil || !present[schema.Ledger] || !hasOwn(present) {
		return false, err
	}
	for _, app := range needed() {
		for _, table := range app.Tables {
			if !present[table] && !db.swapped(table) {
				return false, nil
			}
		}
	}
	recorded, err := db.recorded(ctx)
	return len(recorded) > 0, err
}

// Unapplied lists the migrations that Django's ledger lacks, as
// "auth.0001_initial": those of contenttypes, auth and sessions, and those of
// admin where its table exists. On a database that Migrate made it is empty. Of
// our own tables [DB.HasOwnTables] tells.
func (db *DB) Unapplied(ctx context.Context) ([]string, error) {
	present, err := db.tables(ctx)
	if err != nil {
		return nil, err
	}
	recorded := map[string]bool{}
	if present[schema.Ledger] {
		if recorded, err = db.recorded(ctx); err != nil {
			return nil, err
		}
	}
	var missing []string
	for _, app := range schema.Apps {
		if app.Label == "admin" && !present[app.Tables[0]] {
			continue
		}
		for _, name := range app.Migrations {
			if !recorded[app.Label+"."+name] {
				missing = append(missing, app.Label+"."+name)
			}
		}
	}
	return missing, nil
}

// recorded lists the ledger, as "auth.0001_initial".
func (db *DB) recorded(ctx context.Context) (map[string]bool, error) {
	recorded, err := ledger(ctx, db.reader, db.queries)
	return recorded, db.explain(&db.queries.ledger, err)
}

func ledger(ctx context.Context, conn dialect.Conn, q *queries) (map[string]bool, error) {
	rows, err := conn.QueryContext(ctx, q.ledger.Text)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	recorded := map[string]bool{}
	for rows.Next() {
		var app, name string
		if err := rows.Scan(&app, &name); err != nil {
			return nil, err
		}
		recorded[app+"."+name] = true
	}
	return recorded, rows.Err()
}

// swapped reports whether a table is one of those that a custom user model stands
// for. Django does not create them then.
func (db *DB) swapped(table string) bool {
	return db.users.custom && (table == "auth_user" || strings.HasPrefix(table, "auth_user_"))
}

// needed are the apps that this package cannot do without.
func needed() []schema.App { return schema.Apps[:3] }

// migration is one run of Migrate, under its lock. On MySQL it may be broken off
// after any statement; run again, it takes up where it stopped, because the
// ledger is written last and at once.
type migration struct {
	db      *DB
	conn    dialect.Conn
	present map[string]bool
	done    []string
}

func (m *migration) run(ctx context.Context) error {
	var err error
	if m.present, err = m.list(ctx); err != nil {
		return err
	}
	recorded := map[string]bool{}
	if m.present[schema.Ledger] {
		if recorded, err = ledger(ctx, m.conn, m.db.queries); err != nil {
			return err
		}
	}
	apps := needed()
	fresh := !m.db.users.custom && len(recorded) == 0 && (m.present[schema.Ledger] || !anyTable(m.present))
	if fresh {
		apps = schema.Apps
	}
	mine := appsToRecord(apps, m.present, recorded, fresh)
	if err := m.create(ctx, apps, fresh || len(recorded) > 0); err != nil {
		return err
	}
	if err := m.describe(ctx, mine); err != nil {
		return err
	}
	own, err := m.createOwn(ctx, recorded)
	if err != nil || !m.present[schema.Ledger] {
		return err
	}
	return m.record(ctx, append(mine, own...))
}

// appsToRecord picks the apps whose tables all come from this run and which the
// ledger does not know.
func appsToRecord(apps []schema.App, present, recorded map[string]bool, fresh bool) []schema.App {
	var mine []schema.App
	for _, app := range apps {
		known := false
		for _, table := range app.Tables {
			known = known || present[table] && !fresh
		}
		for name := range recorded {
			known = known || strings.HasPrefix(name, app.Label+".")
		}
		if !known {
			mine = append(mine, app)
		}
	}
	return mine
}

// anyTable reports whether a table of Django's is among them, the ledger aside.
func anyTable(present map[string]bool) bool {
	for _, app := range schema.Apps {
		for _, table := range app.Tables {
			if present[table] {
				return true
			}
		}
	}
	return false
}

// list lists the tables that exist.
func (m *migration) list(ctx context.Context) (map[string]bool, error) {
	rows, err := m.conn.QueryContext(ctx, m.db.queries.tables.Text)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	present := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		present[name] = true
	}
	return present, rows.Err()
}

// create creates the absent tables of the apps, the ledger first.
func (m *migration) create(ctx context.Context, apps []schema.App, withLedger bool) error {
	tables, err := schema.Tables(m.db.dialect.Name)
	if err != nil {
		return err
	}
	wanted := map[string]bool{schema.Ledger: withLedger}
	for _, app := range apps {
		for _, table := range app.Tables {
			wanted[table] = !m.db.swapped(table)
		}
	}
	return m.createTables(ctx, tables, wanted)
}

// createTables creates those of the tables that are wanted and absent.
func (m *migration) createTables(ctx context.Context, tables []schema.Table, wanted map[string]bool) error {
	for _, table := range tables {
		if !wanted[table.Name] || m.present[table.Name] {
			continue
		}
		for _, statement := range table.Statements {
			if _, err := m.conn.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("create table %s (or open the database with NoCreate, and let an account that may do it run coatcheck migrate): %w",
					table.Name, err)
			}
		}
		m.present[table.Name] = true
		m.done = append(m.done, "created table "+table.Name)
	}
	return nil
}

// describe writes content types and default permissions, as Django does after a
// migrate: admin first, as the app labels sort.
func (m *migration) describe(ctx context.Context, apps []schema.App) error {
	if len(apps) == len(schema.Apps) {
		apps = []schema.App{apps[3], apps[1], apps[0], apps[2]}
	}
	q := m.db.queries
	for _, app := range apps {
		for _, model := range app.Models {
			id, err := m.contentType(ctx, app.Label, model.Name)
			if err != nil {
				return fmt.Errorf("content type %s.%s: %w", app.Label, model.Name, err)
			}
			for _, p := range model.Permissions() {
				_, err := m.conn.ExecContext(ctx, q.insertPermission.Text, p[1], id, p[0])
				if err != nil && m.db.class(err) != dialect.Duplicate {
					return fmt.Errorf("permission %s.%s: %w", app.Label, p[0], err)
				}
			}
		}
	}
	return nil
}

// contentType gives the id of a content type, which it inserts where absent.
func (m *migration) contentType(ctx context.Context, app, model string) (id int64, err error) {
	q := m.db.queries
	_, err = m.conn.ExecContext(ctx, q.insertContentType.Text, app, model)
	if err != nil && m.db.class(err) != dialect.Duplicate {
		return 0, err
	}
	err = m.conn.QueryRowContext(ctx, q.contentType.Text, app, model).Scan(&id)
	return id, err
}

// record writes the rows of django_migrations in one statement.
func (m *migration) record(ctx context.Context, apps []schema.App) error {
	var args []any
	var rows []string
	now := m.db.dialect.Bind(time.Now())
	for _, app := range apps {
		for _, name := range app.Migrations {
			n := len(args)
			rows = append(rows, "(?"+strconv.Itoa(n+1)+", ?"+strconv.Itoa(n+2)+", ?"+strconv.Itoa(n+3)+")")
			args = append(args, app.Label, name, now)
			m.done = append(m.done, "recorded "+app.Label+"."+name)
		}
	}
	if rows == nil {
		return nil
	}
	q := m.db.dialect.Query("migrations recorded",
		"INSERT INTO django_migrations (app, name, applied) VALUES "+strings.Join(rows, ", "))
	if _, err := m.conn.ExecContext(ctx, q.Text, q.Args(args)...); err != nil {
		return fmt.Errorf("%s: %w", q.Name, err)
	}
	return nil
}
