package database

import (
	"context"
	"sync/atomic"
)

// emptyEmail specifies how a user without an email address is stored. It is learned when it is
// first needed, and kept.
type emptyEmail struct {
	known atomic.Bool
	null  atomic.Bool
}

// learnEmptyEmail finds out, before a user of a custom model without an email address is
// written, whether NULL is to be stored: the column may be NULL, and no two rows may have
// the same text in it. Django's forms store NULL there, and the empty text elsewhere.
func (db *DB) learnEmptyEmail(ctx context.Context, u *User) error {
	if u.Email != "" || !db.users.custom || db.users.sameEmail || db.users.column["email"] == "" || db.emptyEmail.known.Load() {
		return nil
	}
	null, err := db.exists(ctx, &db.queries.optionalUnique, db.users.model.Table, db.users.model.columnOf("email"))
	if err != nil {
		return err
	}
	db.emptyEmail.null.Store(null)
	db.emptyEmail.known.Store(true)
	return nil
}

// emailValue is the argument for an email address.
func (db *DB) emailValue(email string) any {
	if email == "" && db.emptyEmail.null.Load() {
		return nil
	}
	return email
}
