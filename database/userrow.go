package database

import (
	"database/sql"
	"strconv"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// userRow is a User with what reading it takes, in one piece of memory.
type userRow struct {
	User
	memo        memo
	id          int64
	login, join dialect.Time
	columns     [12]any
	custom      *customRow // nil for Django's own model
}

func (db *DB) newUserRow() *userRow {
	row := &userRow{}
	row.login = dialect.Time{Dest: &row.LastLogin, Dialect: db.dialect}
	row.join = dialect.Time{Dest: &row.DateJoined, Dialect: db.dialect}
	if db.users.custom {
		row.custom = &customRow{table: db.users}
	}
	return row
}

// dest is where the columns go, in the order of the queries.
func (row *userRow) dest() []any {
	if row.custom != nil {
		return row.custom.dest(row)
	}
	row.columns = [...]any{
		&row.id, (*string)(&row.Password), &row.login, &row.IsSuperuser, &row.Username,
		&row.FirstName, &row.LastName, &row.Email, &row.IsStaff, &row.IsActive, &row.join, &row.ending,
	}
	return row.columns[:len(row.columns)-1]
}

// destEnding is dest for a query that reads the last ending as well.
func (row *userRow) destEnding() []any {
	row.endingKnown = true
	if all := row.dest(); row.custom != nil {
		return append(all, &row.ending)
	}
	return row.columns[:]
}

// finish gives the User once the columns are read.
func (row *userRow) finish() *User {
	if row.custom != nil {
		row.custom.finish(row)
	} else {
		row.ID = strconv.FormatInt(row.id, 10)
	}
	row.User.memo = &row.memo
	return &row.User
}

// customRow is what reading a row of a custom user model takes besides.
type customRow struct {
	table *userTable
	uuid  string
	extra []sql.NullString
}

// dest is where the columns go that the model has.
func (c *customRow) dest(row *userRow) []any {
	fields := map[string]any{
		"password": nullText{(*string)(&row.Password)}, "last_login": &row.login, "is_superuser": &row.IsSuperuser,
		"username": nullText{&row.Username}, "first_name": nullText{&row.FirstName}, "last_name": nullText{&row.LastName},
		"email": nullText{&row.Email}, "is_staff": &row.IsStaff, "is_active": &row.IsActive, "date_joined": &row.join,
	}
	all := []any{any(&row.id)}
	if c.table.uuid {
		all[0] = &c.uuid
	}
	for _, field := range userFields {
		if c.table.column[field] != "" && (field != "email" || !c.table.sameEmail) {
			all = append(all, fields[field])
		}
	}
	c.extra = make([]sql.NullString, len(c.table.model.Extra))
	for i := range c.extra {
		all = append(all, &c.extra[i])
	}
	return all
}

// finish fills in what is not in a column of its own.
func (c *customRow) finish(row *userRow) {
	row.ID = strconv.FormatInt(row.id, 10)
	if c.table.uuid {
		id, _ := parseUUID(c.uuid)
		row.ID = formatUUID(id)
	}
	if c.table.sameEmail {
		row.Email = row.Username
	}
	if c.table.column["is_active"] == "" {
		row.IsActive = true // as AbstractBaseUser says
	}
	row.User.extra = &extra{columns: c.table.model.Extra, values: c.extra, location: row.login.Dialect.Location}
}

// nullText scans a text, of which NULL is none.
type nullText struct{ dest *string }

// Scan implements sql.Scanner.
func (n nullText) Scan(value any) error {
	var text sql.NullString
	err := text.Scan(value)
	*n.dest = text.String
	return err
}

// userKey makes the argument of a user's id; not ok means that it is the id of
// nobody.
func (db *DB) userKey(id string) (any, bool) {
	if !db.users.uuid {
		n, ok := parseID(id)
		return n, ok
	}
	uuid, ok := parseUUID(id)
	if !ok || formatUUID(uuid) != id {
		return nil, false
	}
	return db.dialect.UUID(uuid), true
}
