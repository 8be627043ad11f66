package database

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
	"github.com/coatcheck/coatcheck/userfields"
)

// IDType is the type of a user's primary key.
type IDType int

// The types of primary keys.
const (
	// IntegerID is an integer or a big integer that the database counts up
	// (Django: AutoField, BigAutoField). As text it is the decimal.
	IntegerID IDType = iota
	// UUIDID is a random UUID that the program which inserts the row makes (Django:
	// UUIDField with default=uuid.uuid4). As text it has dashes and lowercase.
	UUIDID
)

// UserModel specifies in which table and columns the users are, where the site has a
// user model of its own (Django: AUTH_USER_MODEL). The zero UserModel is
// Django's auth.User. The table of another model is Django's to create: its
// absence makes opening the database fail.
//
//	database.UserModel{
//		Table: "accounts_user", IDType: database.UUIDID, UsernameColumn: "email",
//		Columns: map[string]string{"first_name": "", "last_name": ""},
//		Extra:   []string{"company"},
//	}
//
// Names are letters, digits and underscores, and are quoted in statements.
type UserModel struct {
	// Table is the model's table; "auth_user" when empty. The tables of groups and
	// permissions are it with "_groups" and "_user_permissions" appended.
	Table string
	// Model is the model's name in lower case, by which those two tables refer to
	// it: "user" for a column user_id. When empty it is what follows the last
	// underscore of Table, as Django names tables unless told otherwise.
	Model string
	// IDType is the type of the primary key.
	IDType IDType
	// IDColumn is the column of the primary key; "id" when empty.
	IDColumn string
	// UsernameColumn is the column by which users sign in, which is
	// [User.Username]; "username" when empty. It may be that of the email
	// address: then [User.Username] and [User.Email] are the same. Django:
	// USERNAME_FIELD.
	UsernameColumn string
	// Columns are the columns of Django's fields (password, last_login,
	// is_superuser, first_name, last_name, email, is_staff, is_active,
	// date_joined), where they are not named as their field. An empty name means
	// that the model lacks the field, which then reads as the zero value, and
	// is_active as true. A model without is_superuser has no permissions either
	// (Django: it has no PermissionsMixin).
	Columns map[string]string
	// Extra are the columns of the model's own fields that are to be read with a
	// user, for [User.ScanExtra], and that can be written. Binary columns cannot.
	Extra []string
	// Defaults are the values of own columns in a new user that does not say
	// otherwise. Django's defaults are in Python and not in the table, so each
	// column that must not be NULL needs one here, or a value for each user.
	Defaults map[string]any
	// Fields are own columns that are declared with type, label and rules: the pages ask
	// for them, and [DB.Migrate] creates them in auth_user where Coatcheck made that table.
	// They are in Extra too, and their defaults in Defaults.
	Fields []userfields.Field
}

// userFields are the fields of Django's AbstractUser, the username aside, in the
// order of its table.
var userFields = []string{
	"password", "last_login", "is_superuser", "username", "first_name", "last_name", "email", "is_staff", "is_active", "date_joined",
}

// UsernameIsEmail reports whether users sign in by their email address.
func (m UserModel) UsernameIsEmail() bool {
	email, mapped := m.Columns["email"]
	if !mapped {
		email = "email"
	}
	return email != "" && m.UsernameColumn == email
}

// UserModel returns the user model that the database was opened with, its defaults
// filled in.
func (db *DB) UserModel() UserModel { return db.users.model.clone() }

func (m UserModel) clone() UserModel {
	m.Columns, m.Extra, m.Defaults = maps.Clone(m.Columns), slices.Clone(m.Extra), maps.Clone(m.Defaults)
	m.Fields = slices.Clone(m.Fields)
	return m
}

// userTable is a UserModel that was checked, with its names as they are written
// in statements.
type userTable struct {
	model       UserModel
	custom      bool
	foreign     bool // the table is another one than Django's auth_user, and Django's to create
	uuid        bool
	name        string
	groups      string            // empty where the model has no permissions
	permissions string            // likewise
	id          string            // the column of the primary key
	owner       string            // the column of groups and permissions that refers to the user
	column      map[string]string // by field; "" or nothing where it is absent
	sameEmail   bool              // username and email address are one column
}

// newUserTable checks a model.
func newUserTable(m UserModel, d *dialect.Dialect) (*userTable, error) {
	t := &userTable{model: m.clone(), column: map[string]string{}}
	t.foreign = m.isForeign()
	t.custom = t.foreign || len(m.Fields) > 0
	t.uuid = m.IDType == UUIDID
	t.model.fill()
	t.model.addFields()
	if err := t.model.check(); err != nil {
		return nil, err
	}
	quote := func(name string) string { return name }
	if t.custom {
		quote = d.Quote
	}
	for _, field := range userFields {
		name := t.model.columnOf(field)
		if name == "" {
			continue
		}
		t.column[field] = quote(name)
	}
	t.sameEmail = t.column["email"] == t.column["username"]
	t.name, t.id, t.owner = quote(t.model.Table), quote(t.model.IDColumn), quote(t.model.Model+"_id")
	if t.column["is_superuser"] != "" {
		t.groups, t.permissions = quote(t.model.Table+"_groups"), quote(t.model.Table+"_user_permissions")
	}
	return t, nil
}

// fill puts in the defaults.
func (m *UserModel) fill() {
	for _, d := range []struct {
		field *string
		value string
	}{
		{&m.Table, "auth_user"}, {&m.Model, ""}, {&m.IDColumn, "id"}, {&m.UsernameColumn, "username"},
	} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if m.Model == "" {
		m.Model = m.Table[strings.LastIndexByte(m.Table, '_')+1:]
	}
}

// columnOf returns the column of a field, or nothing where it is absent.
func (m *UserModel) columnOf(field string) string {
	if field == "username" {
		return m.UsernameColumn
	}
	if name, mapped := m.Columns[field]; mapped {
		return name
	}
	return field
}

// check refuses what cannot be a model. It wants the defaults filled in.
func (m *UserModel) check() error {
	if m.IDType != IntegerID && m.IDType != UUIDID {
		return fmt.Errorf("database: UserModel.IDType is %d; it must be IntegerID or UUIDID", m.IDType)
	}
	if err := errors.Join(m.checkColumns(), userfields.Check(m.Fields)); err != nil {
		return err
	}
	seen := map[string]string{m.IDColumn: "the primary key"}
	names := []string{m.Table, m.Model, m.IDColumn}
	take := func(name, use string) error {
		if first, taken := seen[name]; taken && name != "" {
			return fmt.Errorf("database: UserModel has the column %q twice, as %s and %s", name, first, use)
		}
		seen[name] = use
		names = append(names, name)
		return nil
	}
	for _, field := range userFields {
		name := m.columnOf(field)
		if field == "email" && m.UsernameIsEmail() || name == "" {
			continue
		}
		if err := take(name, field); err != nil {
			return err
		}
	}
	for _, name := range m.Extra {
		if err := take(name, "an extra column"); err != nil {
			return err
		}
	}
	for name := range m.Defaults {
		if !slices.Contains(m.Extra, name) {
			return fmt.Errorf("database: UserModel.Defaults has %q, which is not in Extra", name)
		}
	}
	for _, name := range names {
		if !isIdentifier(name) {
			return fmt.Errorf("database: UserModel has the name %q; a name is a letter or an underscore, "+
				"then letters, digits and underscores, 63 characters at most", name)
		}
	}
	return nil
}

// checkColumns looks at the names of Django's columns.
func (m *UserModel) checkColumns() error {
	for field, name := range m.Columns {
		switch {
		case field == "username":
			return errors.New("database: UserModel.Columns has username; set UsernameColumn")
		case !slices.Contains(userFields, field):
			return fmt.Errorf("database: UserModel.Columns has %q, which is none of %s; "+
				"a field of the model's own belongs into Extra", field, strings.Join(userFields, ", "))
		case name == "" && field == "password":
			return errors.New("database: UserModel.Columns lacks the password; every user model has one")
		}
	}
	return nil
}

// isIdentifier accepts [A-Za-z_][A-Za-z0-9_]* of a length that every engine takes.
func isIdentifier(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
	return name != "" && len(name) <= 63 && strings.Trim(name[:1], letters) == "" && strings.Trim(name, letters+"0123456789") == ""
}

// verify looks whether the tables of a custom model are there and fit it.
func (db *DB) verify(ctx context.Context) error {
	if !db.users.foreign {
		return nil
	}
	nobody := db.nobody()
	err := db.readable(ctx, false)
	for _, q := range []*dialect.Query{&db.queries.userGroups, &db.queries.permissionsOf} {
		if err == nil {
			err = db.present(ctx, q, nobody)
		}
	}
	if err != nil {
		return fmt.Errorf("database: the table %s does not fit the UserModel; create it by Django's migrate, "+
			"and compare table, columns and key with the model: %w", db.users.model.Table, err)
	}
	return nil
}
