package database

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/coatcheck/coatcheck/database/internal/column"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
	"github.com/coatcheck/coatcheck/internal/fold"
)

// NameTaken reports whether a user has this name in any spelling: another case, another
// width, a decomposed letter. It is stricter than UsernameTaken, whose idea of case is
// the database's. Where users sign in by their address, it is about the mailbox.
func (db *DB) NameTaken(ctx context.Context, username string) (bool, error) {
	if !column.Storable(username) {
		return false, nil
	}
	key, taken := db.nameKey(username), false
	err := db.rows(ctx, &db.queries.alikeNames, []any{key}, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		taken = taken || db.nameKey(name) == key
		return err
	}, func() { taken = false })
	return taken, err
}

// UsersByMailbox lists the users with this email address in any spelling, inactive ones
// too, the oldest first. Send email only to what the row holds.
func (db *DB) UsersByMailbox(ctx context.Context, email string) ([]*User, error) {
	if !column.Storable(email) || email == "" {
		return nil, nil
	}
	key := fold.Mailbox(email)
	var all []*User
	err := db.rows(ctx, &db.queries.alikeMailboxes, []any{key}, func(rows *sql.Rows) error {
		row := db.newUserRow()
		err := rows.Scan(row.dest()...)
		if user := row.finish(); fold.Mailbox(user.Email) == key {
			all = append(all, user)
		}
		return err
	}, func() { all = nil })
	return all, err
}

// CreateUnique is CreateUser for a user whose name no other may have in any spelling,
// as by NameTaken, nor, if oneMailbox is set, the address, as by UsersByMailbox. If
// several calls come at once, on any number of nodes, exactly one succeeds; the others return
// ErrUsernameTaken, ErrEmailTaken, or both. They return ErrDuplicate alone if the value
// of another unique column exists.
func (db *DB) CreateUnique(ctx context.Context, u *User, oneMailbox bool) error {
	if err := db.checkUser(ctx, u); err != nil {
		return err
	}
	oneMailbox = oneMailbox && u.Email != ""
	created := *u
	err := db.Tx(ctx, func(ctx context.Context, tx *DB) error {
		created = *u
		locks := []string{"username:" + db.nameKey(u.Username)}
		if oneMailbox {
			locks = append(locks, "mailbox:"+fold.Mailbox(u.Email))
		}
		return tx.locked(ctx, locks, func() error {
			if err := tx.taken(ctx, u, oneMailbox); err != nil {
				return err
			}
			err := tx.CreateUser(ctx, &created)
			if errors.Is(err, ErrDuplicate) {
				err = tx.duplicate(ctx, u, err)
			}
			return err
		})
	})
	if err == nil {
		*u = created
	}
	return err
}

// nameKey returns the form of a username that all its spellings share.
func (db *DB) nameKey(username string) string {
	if db.users.sameEmail {
		return fold.Mailbox(username)
	}
	return fold.Name(username)
}

// taken returns what of a new user another one has.
func (db *DB) taken(ctx context.Context, u *User, oneMailbox bool) error {
	var errs []error
	name, err := db.NameTaken(ctx, u.Username)
	if err != nil {
		return err
	}
	if name {
		errs = append(errs, ErrUsernameTaken)
	}
	if oneMailbox && !db.users.sameEmail {
		owners, err := db.UsersByMailbox(ctx, u.Email)
		if err != nil {
			return err
		}
		if len(owners) > 0 {
			errs = append(errs, ErrEmailTaken)
		}
	}
	return errors.Join(errs...)
}

// duplicate finds out which value the database refused: another program may have
// inserted the name, and a user model may have other unique columns.
func (db *DB) duplicate(ctx context.Context, u *User, refused error) error {
	if !db.users.custom {
		return ErrUsernameTaken
	}
	_, err := db.UserByUsername(ctx, u.Username)
	if err == nil {
		return ErrUsernameTaken
	}
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	owners, err := db.UsersByMailbox(ctx, u.Email)
	if err != nil {
		return err
	}
	if len(owners) > 0 {
		return ErrEmailTaken
	}
	return refused
}

// locked runs f while no other transaction runs one under one of the names. Another one
// waits until this transaction has ended, and then sees what it did. The rows that do
// this are gone at the end. In a database without that table nothing waits.
func (db *DB) locked(ctx context.Context, names []string, f func() error) error {
	if !db.Facts().Has(db.annex.Locks) {
		return f()
	}
	for i, name := range names {
		sum := sha256.Sum256([]byte(name))
		names[i] = hex.EncodeToString(sum[:])
	}
	slices.Sort(names) // so that two transactions never wait for each other
	for _, name := range names {
		if _, err := db.exec(ctx, &db.queries.lock, name); err != nil {
			return err
		}
	}
	if err := f(); err != nil {
		return err // the transaction is rolled back
	}
	for _, name := range names {
		if _, err := db.exec(ctx, &db.queries.unlock, name); err != nil {
			return err
		}
	}
	return nil
}

// alike are the queries for rows that may be spelled like the key ?1: those that are
// when ASCII is in lowercase, and all that are not ASCII only, which Go compares.
func (q *queries) alike(d *dialect.Dialect, t *userTable) {
	name, email := t.column["username"], t.column["email"]
	likeMailbox := func(column string) string {
		return d.Alike(column, "?1") + " OR LOWER(" + column + ") LIKE '%" + fold.PunycodePrefix + "%'"
	}
	likeName := d.Alike(name, "?1")
	if t.sameEmail {
		likeName = likeMailbox(name)
	}
	q.alikeNames = d.Query("usernames that are alike", "SELECT "+name+" FROM "+t.name+" WHERE "+likeName)
	if email != "" {
		q.alikeMailboxes = d.Query("user rows with an address that is alike", "SELECT "+t.columns(d)+
			" FROM "+t.name+" WHERE "+likeMailbox(email)+" ORDER BY "+t.id)
	}
}
