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
	row.columns[0] = &row.id
	for i, field := range userFields {
		row.columns[i+1] = row.field(field)
	}
	row.columns[len(row.columns)-1] = &row.ending
	return row.columns[:len(row.columns)-1]
}

// field is where the column of a field goes. Any may be NULL where the site's model is
// not quite Django's.
func (row *userRow) field(name string) any {
	switch name {
	case "password":
		return dialect.Text{Dest: (*string)(&row.Password)}
	case "last_login":
		return &row.login
	case "is_superuser":
		return dialect.Bool{Dest: &row.IsSuperuser}
	case "username":
		return dialect.Text{Dest: &row.Username}
	case "first_name":
		return dialect.Text{Dest: &row.FirstName}
	case "last_name":
		return dialect.Text{Dest: &row.LastName}
	case "email":
		return dialect.Text{Dest: &row.Email}
	case "is_staff":
		return dialect.Bool{Dest: &row.IsStaff}
	case "is_active":
		return dialect.Bool{Dest: &row.IsActive}
	}
	return &row.join
}

// destEnding is dest for a query that reads the last ending as well.
func (row *userRow) destEnding() []any {
	row.endingKnown = true
	if all := row.dest(); row.custom != nil {
		return append(all, &row.ending)
	}
	return row.columns[:]
}

// absent reports whether a join found no user.
func (row *userRow) absent() bool {
	if row.custom != nil && row.custom.table.uuid {
		return row.custom.uuid == ""
	}
	return row.id == 0
}

// finish returns the User once the columns are read.
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
	all := []any{any(&row.id)}
	if c.table.uuid {
		all[0] = dialect.Text{Dest: &c.uuid}
	}
	for _, field := range userFields {
		if c.table.column[field] != "" && (field != "email" || !c.table.sameEmail) {
			all = append(all, row.field(field))
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

// userKey returns the argument of a user's id; not ok means that it is the id of
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
