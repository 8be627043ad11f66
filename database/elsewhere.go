package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// readable returns an error that says what to do if a site cannot work on this database:
// the table of users, or with sessionRows that of sessions, is missing where unqualified
// names are looked for, or the account of the database may not read it. It names the
// other schemas that have such a table (on MySQL: the other databases).
func (db *DB) readable(ctx context.Context, sessionRows bool) error {
	needed := []string{db.users.model.Table}
	_, err := db.user(ctx, &db.queries.userByID, db.nobody())
	if sessionRows {
		needed = append(needed, "django_session")
		_, read := db.SessionByKey(ctx, strings.Repeat("a", 32), time.Now())
		err = errors.Join(unlessAbsent(err), unlessAbsent(read))
	}
	if err = unlessAbsent(err); err == nil {
		return nil
	}
	present, listed := db.tables(ctx)
	if listed != nil {
		return listed
	}
	if missing := slices.DeleteFunc(needed, func(table string) bool { return present[table] }); len(missing) > 0 {
		return db.missing(ctx, missing)
	}
	if err := db.lacksColumns(ctx); err != nil {
		return err
	}
	return fmt.Errorf("database: the tables are there and cannot be read; "+
		"the account needs SELECT, INSERT, UPDATE and DELETE on them: %w", err)
}

// missing names tables that are not found, and where they are.
func (db *DB) missing(ctx context.Context, tables []string) error {
	places, err := db.elsewhere(ctx, tables)
	if err != nil {
		return err
	}
	text := "database: there is no table " + strings.Join(tables, " and none ")
	if len(places) == 0 {
		return errors.New(text + "; coatcheck migrate makes Django's tables, or a Django's manage.py migrate")
	}
	return fmt.Errorf("%s where it is looked for, but in %s; %s", text, strings.Join(places, ", "), db.dialect.Remedy)
}

// elsewhere lists the places, sorted, that have one of the tables and in which
// unqualified names are not looked for.
func (db *DB) elsewhere(ctx context.Context, tables []string) ([]string, error) {
	places := map[string]bool{}
	err := db.rows(ctx, &db.queries.elsewhere, nil, func(rows *sql.Rows) error {
		var place, table string
		err := rows.Scan(&place, &table)
		if slices.Contains(tables, table) {
			places[place] = true
		}
		return err
	}, func() { clear(places) })
	return slices.Sorted(maps.Keys(places)), err
}

// refuseSecond returns an error if Migrate would make a table of users beside one that
// the site has in another schema, which its search path just does not name. A search path
// that somebody chose, and on which there is nothing of Django's, is a place for a new site.
func (db *DB) refuseSecond(ctx context.Context) error {
	present, err := db.tables(ctx)
	if err != nil || db.queries.pathChosen.Text == "" || present[db.users.model.Table] {
		return err
	}
	chosen, err := db.exists(ctx, &db.queries.pathChosen)
	if err != nil || chosen && !anyTable(present) {
		return err
	}
	places, err := db.elsewhere(ctx, []string{db.users.model.Table})
	if err != nil || len(places) == 0 {
		return err
	}
	return db.missing(ctx, []string{db.users.model.Table})
}

// nobody is a key that no user has.
func (db *DB) nobody() any {
	if db.users.uuid {
		return db.dialect.UUID([16]byte{})
	}
	return int64(0)
}

func unlessAbsent(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
