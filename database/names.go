package database

import (
	"context"
	"fmt"
)

// nameFields are what UpdateName writes.
var nameFields = []string{"first_name", "last_name"}

// HasNames reports whether the user model has a first and a last name.
func (db *DB) HasNames() bool {
	return db.users.column["first_name"] != "" && db.users.column["last_name"] != ""
}

// UpdateName writes the first and the last name of a user, and nothing else of the user. It
// returns ErrNotFound, or ErrInvalid for a name that a column cannot hold, or of a user model
// without such columns.
func (db *DB) UpdateName(ctx context.Context, u *User) error {
	if !db.HasNames() {
		return fmt.Errorf("database: the user model has no first_name and last_name to store: %w", ErrInvalid)
	}
	changed := User{ID: u.ID, Username: "-", IsActive: true, FirstName: u.FirstName, LastName: u.LastName}
	if err := db.checkUser(ctx, &changed); err != nil {
		return err
	}
	q := db.users.update(db.dialect, nameFields, nil)
	return db.touchUser(ctx, &q, u.ID, db.values(&changed, nameFields)...)
}
