package database

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
	"github.com/coatcheck/coatcheck/database/internal/schema"
	"github.com/coatcheck/coatcheck/userfields"
)

// isForeign reports whether the model is another one than Django's auth_user with the
// columns of Fields.
func (m *UserModel) isForeign() bool {
	others := slices.ContainsFunc(m.Extra, func(name string) bool { return !m.declares(name) })
	for name := range m.Defaults {
		others = others || !m.declares(name)
	}
	return others || m.Table != "" && m.Table != "auth_user" || m.IDType != IntegerID ||
		m.IDColumn != "" && m.IDColumn != "id" || m.UsernameColumn != "" && m.UsernameColumn != "username" ||
		len(m.Columns) > 0 || m.Table != "" && len(m.Fields) == 0
}

// declares reports whether a column is one of Fields.
func (m *UserModel) declares(name string) bool {
	return userfields.Declares(m.Fields, name)
}

// addFields puts the fields into Extra and Defaults.
func (m *UserModel) addFields() {
	for i := range m.Fields {
		f := &m.Fields[i]
		if !slices.Contains(m.Extra, f.Name) {
			m.Extra = append(m.Extra, f.Name)
		}
		value, ok := f.DefaultValue()
		if _, given := m.Defaults[f.Name]; ok && !given {
			if m.Defaults == nil {
				m.Defaults = map[string]any{}
			}
			m.Defaults[f.Name] = value
		}
	}
}

// withFields returns the statements that create a table of Django's, for the table of users
// with the columns of the fields, in Django's spelling and without DEFAULT.
func (t *userTable) withFields(d *dialect.Dialect, table schema.Table) []string {
	if table.Name != t.model.Table || len(t.model.Fields) == 0 {
		return table.Statements
	}
	var columns strings.Builder
	for i := range t.model.Fields {
		columns.WriteString(", " + columnOf(d, &t.model.Fields[i], ""))
	}
	statements := slices.Clone(table.Statements)
	end := lastColumn.FindStringIndex(statements[0])[1]
	statements[0] = statements[0][:end] + columns.String() + statements[0][end:]
	return statements
}

// lastColumn is that of AbstractUser after which Django puts those of a model of its own.
var lastColumn = regexp.MustCompile(`\bdate_joined\b\S* \S+ NOT NULL`)

// columnOf spells the column of a field as Django's migrations do. The default may be empty.
func columnOf(d *dialect.Dialect, f *userfields.Field, byDefault string) string {
	kind := "varchar(" + strconv.Itoa(f.Length()) + ")"
	switch {
	case f.Type == userfields.Integer:
		kind = "integer"
	case f.Type == userfields.Date:
		kind = "date"
	case f.Type == userfields.Boolean && d.Name == "postgres":
		kind = "boolean"
	case f.Type == userfields.Boolean:
		kind = "bool"
	}
	if byDefault != "" {
		byDefault = " DEFAULT " + byDefault
	}
	if f.Nullable() {
		return d.Quote(f.Name) + " " + kind + byDefault + " NULL"
	}
	return d.Quote(f.Name) + " " + kind + byDefault + " NOT NULL"
}

// literal spells a default in SQL; "" for none.
func literal(d *dialect.Dialect, value any) string {
	switch value := value.(type) {
	case bool:
		return strconv.FormatBool(value)
	case int64:
		return strconv.FormatInt(value, 10)
	case string:
		if d.Backticks { // MySQL, where a backslash escapes
			value = strings.ReplaceAll(value, `\`, `\\`)
		}
		return "'" + strings.ReplaceAll(value, "'", "''") + "'"
	}
	return ""
}

// withColumns adds to a plan the columns that the table of users lacks, before the tables
// beside Django's. It returns an error where the table is a Django's to change.
func (db *DB) withColumns(
	ctx context.Context, conn dialect.Conn, plan Plan, present map[string]bool,
) (Plan, error) {
	missing, err := db.missingFields(ctx, conn, present)
	if err != nil || len(missing) == 0 {
		return plan, err
	}
	var times int
	if present[schema.Ledger] {
		if err := conn.QueryRowContext(ctx, db.queries.authTimes.Text).Scan(&times); err != nil {
			return nil, err
		}
	}
	if times != 1 || db.users.foreign {
		return nil, db.columnsMissing(missing, true)
	}
	var steps Plan
	for _, f := range missing {
		step, err := db.addColumn(f)
		if err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	return append(steps, plan...), nil
}

// addColumn is the step that adds the column of a field. As in Django the default is there
// for the rows that there are, and then dropped; SQLite keeps it.
func (db *DB) addColumn(f *userfields.Field) (Step, error) {
	value, ok := f.DefaultValue()
	if !ok {
		return Step{}, fmt.Errorf("database: the column %s cannot be added to %s: the users that there are "+
			"have no value for it; give the field a Default (default=VALUE)", f.Name, db.users.model.Table)
	}
	byDefault, table := literal(db.dialect, value), db.dialect.Quote(db.users.model.Table)
	step := Step{Column: db.users.model.Table + "." + f.Name, again: true, SQL: []string{
		"ALTER TABLE " + table + " ADD COLUMN " + columnOf(db.dialect, f, byDefault),
	}}
	if byDefault != "" && db.dialect.Name != "sqlite" {
		column := db.dialect.Quote(f.Name)
		step.SQL = append(step.SQL, "ALTER TABLE "+table+" ALTER COLUMN "+column+" DROP DEFAULT")
	}
	return step, nil
}

// missingFields returns the fields whose columns the table of users lacks, if it is there.
func (db *DB) missingFields(
	ctx context.Context, conn dialect.Conn, present map[string]bool,
) ([]*userfields.Field, error) {
	if len(db.users.model.Fields) == 0 || !present[db.users.model.Table] {
		return nil, nil
	}
	var args []any
	if db.dialect.Unprepared != nil { // a prepared form would end with the columns that it has
		args = append(args, db.dialect.Unprepared)
	}
	rows, err := conn.QueryContext(ctx, "SELECT * FROM "+db.users.name+" WHERE 1 = 0", args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	names, err := rows.Columns()
	if err = errors.Join(err, rows.Err()); err != nil {
		return nil, err
	}
	var missing []*userfields.Field
	for i := range db.users.model.Fields {
		f := &db.users.model.Fields[i]
		if !slices.Contains(names, f.Name) {
			missing = append(missing, f)
		}
	}
	return missing, nil
}

// lacksColumns returns an error that names the columns of Fields that are missing, or nil.
func (db *DB) lacksColumns(ctx context.Context) error {
	missing, err := db.missingFields(ctx, db.reader, map[string]bool{db.users.model.Table: true})
	if err != nil || len(missing) == 0 {
		return err
	}
	made := 0
	if db.row(ctx, &db.queries.authTimes, nil, &made) != nil { // there is no django_migrations
		made = 0
	}
	return db.columnsMissing(missing, made != 1 || db.users.foreign)
}

// columnsMissing reports what to do about missing columns.
func (db *DB) columnsMissing(missing []*userfields.Field, django bool) error {
	var names []string
	for _, f := range missing {
		names = append(names, f.Name)
	}
	do := "run coatcheck migrate, which adds it"
	if django {
		do = "the table is Django's: add the field to its user model, and run manage.py makemigrations and " +
			"manage.py migrate"
	}
	return fmt.Errorf("database: the table %s has no column %s of UserModel.Fields (--user-field); %s",
		db.users.model.Table, strings.Join(names, ", "), do)
}

// UpdateExtra writes what [User.SetExtra] set, and nothing else of the user. It returns
// ErrNotFound, or ErrInvalid for a column that is not in UserModel.Extra or a value that it
// cannot hold.
func (db *DB) UpdateExtra(ctx context.Context, u *User) error {
	if len(u.pending()) == 0 {
		return nil
	}
	changed := User{ID: u.ID, Username: "-", IsActive: true, extra: u.extra}
	if db.users.sameEmail {
		changed.Email = changed.Username
	}
	if err := db.checkUser(ctx, &changed); err != nil {
		return err
	}
	names, values := db.extras(u.pending())
	q := db.users.update(db.dialect, nil, names)
	if err := db.touchUser(ctx, &q, u.ID, values...); err != nil {
		return err
	}
	stored, err := db.UserByID(ctx, u.ID)
	if err != nil {
		return err
	}
	u.extra = stored.extra
	return nil
}
