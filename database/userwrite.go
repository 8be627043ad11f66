package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/coatcheck/coatcheck/database/internal/column"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// CreateUser inserts a user and sets its ID. A zero DateJoined becomes now. A
// name that exists is ErrDuplicate, and on MySQL also one that differs from it
// by case only; so is a value of another unique column. Nothing is normalised
// here: see auth.
//
// With a custom [UserModel], what [User.SetExtra] and UserModel.Defaults say is
// stored too, and an empty Email as NULL where the column may be NULL and is unique.
// ErrInvalid means a value for a field that the model does not have, or that a column
// which must not be NULL was given none.
func (db *DB) CreateUser(ctx context.Context, u *User) error {
	if u.ID != "" {
		return errors.New("database: create user: it has an ID already")
	}
	row := *u
	if row.DateJoined.IsZero() {
		row.DateJoined = time.Now()
	}
	row.DateJoined = row.DateJoined.Truncate(time.Microsecond).UTC()
	row.LastLogin = row.LastLogin.Truncate(time.Microsecond)
	if err := errors.Join(db.checkUser(ctx, &row), db.checkTime("date_joined", row.DateJoined), db.checkTime("last_login", row.LastLogin)); err != nil {
		return err
	}
	err := db.learnEmptyEmail(ctx, &row)
	switch {
	case err != nil:
	case db.users.custom:
		err = db.createCustom(ctx, &row)
	default:
		row.ID, err = db.insert(ctx, &db.queries.createUser, db.values(&row, userFields)...)
	}
	if err != nil {
		return err
	}
	if row.memo == nil {
		row.memo = &memo{}
	}
	*u = row
	return nil
}

// values returns the arguments for the columns of the fields.
func (db *DB) values(u *User, fields []string) []any {
	args := make([]any, 0, len(fields))
	for _, field := range fields {
		if db.users.column[field] == "" || field == "email" && db.users.sameEmail {
			continue
		}
		args = append(args, db.value(u, field))
	}
	return args
}

// value returns the argument for a field.
func (db *DB) value(u *User, field string) any {
	switch field {
	case "password":
		return string(u.Password)
	case "last_login":
		return db.nullTime(u.LastLogin)
	case "is_superuser":
		return u.IsSuperuser
	case "username":
		return u.Username
	case "first_name":
		return u.FirstName
	case "last_name":
		return u.LastName
	case "email":
		return db.emailValue(u.Email)
	case "is_staff":
		return u.IsStaff
	case "is_active":
		return u.IsActive
	}
	return db.dialect.Bind(u.DateJoined)
}

// createCustom inserts a user of a custom model, and reads it back with its own
// columns.
func (db *DB) createCustom(ctx context.Context, u *User) error {
	given := maps.Clone(db.users.model.Defaults)
	if given == nil {
		given = map[string]any{}
	}
	maps.Copy(given, u.pending())
	names, extras := db.extras(given)
	q := db.users.insert(db.dialect, userFields, names)
	args := append(db.values(u, userFields), extras...)
	id := ""
	var err error
	if db.users.uuid {
		uuid := newUUID()
		id = formatUUID(uuid)
		var count int64
		if count, err = db.exec(ctx, &q, append(args, db.dialect.UUID(uuid))...); err == nil && count == 0 {
			err = fmt.Errorf("database: %s: %w", q.Name, ErrDuplicate)
		}
	} else {
		id, err = db.insert(ctx, &q, args...)
	}
	if err != nil {
		return err
	}
	stored, err := db.UserByID(ctx, id)
	if err != nil {
		return err
	}
	stored.Backend = u.Backend
	*u = *stored
	return nil
}

// pending are the values of SetExtra.
func (u *User) pending() map[string]any {
	if u.extra == nil {
		return nil
	}
	return u.extra.set
}

// extras returns the names of own columns, sorted, and their arguments.
func (db *DB) extras(given map[string]any) (names []string, args []any) {
	names = slices.Sorted(maps.Keys(given))
	for _, name := range names {
		value := given[name]
		if at, ok := value.(time.Time); ok {
			value = db.nullTime(at)
		}
		args = append(args, value)
	}
	return names, args
}

// checkUser refuses a user that the columns cannot hold.
func (db *DB) checkUser(ctx context.Context, u *User) error {
	limit := func(n int) int {
		if db.users.foreign { // the lengths of its columns are not known
			return 0
		}
		return n
	}
	if err := column.Check(column.Of("username", u.Username, limit(150)), column.Of("first_name", u.FirstName, limit(150)),
		column.Of("last_name", u.LastName, limit(150)), column.Of("email", u.Email, limit(254)),
		column.Of("password", string(u.Password), limit(128))); err != nil {
		return err
	}
	for name, value := range u.pending() {
		if !slices.Contains(db.users.model.Extra, name) {
			return fmt.Errorf("database: the column %q is not in UserModel.Extra: %w", name, ErrInvalid)
		}
		if text, ok := value.(string); ok && !column.Storable(text) {
			return fmt.Errorf("database: %s holds a NUL byte or no valid UTF-8: %w", name, ErrInvalid)
		}
	}
	if db.users.sameEmail && u.Email != "" && u.Email != u.Username {
		return fmt.Errorf("database: username and email address are one column, and differ: %w", ErrInvalid)
	}
	lost := []struct {
		field string
		given bool
	}{
		{"first_name", u.FirstName != ""},
		{"last_name", u.LastName != ""},
		{"email", u.Email != ""},
		{"is_staff", u.IsStaff},
		{"is_superuser", u.IsSuperuser},
		{"is_active", !u.IsActive},
	}
	for _, l := range lost {
		if l.given && db.users.column[l.field] == "" {
			return fmt.Errorf("database: the user model has no %s to store: %w", l.field, ErrInvalid)
		}
	}
	return db.Fits(ctx, u)
}

// UpdateUser writes the user's name, email and flags, and what [User.SetExtra]
// set. It leaves password, last_login and date_joined alone, which have methods
// of their own, so that a user object held for a while never brings an old
// password back. ErrNotFound, or ErrDuplicate where the new name exists.
func (db *DB) UpdateUser(ctx context.Context, u *User) error {
	if err := db.checkUser(ctx, u); err != nil {
		return err
	}
	if !db.users.custom {
		return db.touchUser(ctx, &db.queries.updateUser, u.ID, db.values(u, changeable)...)
	}
	if err := db.learnEmptyEmail(ctx, u); err != nil {
		return err
	}
	names, extras := db.extras(u.pending())
	q := db.users.update(db.dialect, changeable, names)
	if err := db.touchUser(ctx, &q, u.ID, append(db.values(u, changeable), extras...)...); err != nil {
		return err
	}
	stored, err := db.UserByID(ctx, u.ID)
	if err != nil {
		return err
	}
	u.extra = stored.extra
	return nil
}

// present runs a query on a table that it is to find.
func (db *DB) present(ctx context.Context, q *dialect.Query, args ...any) error {
	return db.rows(ctx, q, args, func(*sql.Rows) error { return nil }, func() {})
}
