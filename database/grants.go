package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/coatcheck/coatcheck/database/internal/column"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// GrantUser grants "app.codename" to the user. Granting again is not an
// error; ErrNotFound means that there is no such user or permission.
func (db *DB) GrantUser(ctx context.Context, userID, permission string) error {
	key, ok := db.userKey(userID)
	return db.grant(ctx, &db.queries.grantUser, &db.queries.grantableUser, key, ok, permission)
}

// GrantGroup grants "app.codename" to the group, as GrantUser does to a user.
func (db *DB) GrantGroup(ctx context.Context, groupID, permission string) error {
	key, ok := parseID(groupID)
	return db.grant(ctx, &db.queries.grantGroup, &db.queries.grantableGroup, key, ok, permission)
}

// RevokeUser removes "app.codename" from the user. A permission that was not granted, or
// does not exist, is not an error.
func (db *DB) RevokeUser(ctx context.Context, userID, permission string) error {
	key, ok := db.userKey(userID)
	return db.revoke(ctx, &db.queries.revokeUser, key, ok, permission)
}

// RevokeGroup removes "app.codename" from the group, as RevokeUser does from a
// user.
func (db *DB) RevokeGroup(ctx context.Context, groupID, permission string) error {
	key, ok := parseID(groupID)
	return db.revoke(ctx, &db.queries.revokeGroup, key, ok, permission)
}

// grant inserts what joins owner and permission; ok reports whether the owner is
// possible at all.
func (db *DB) grant(ctx context.Context, insert, possible *dialect.Query, owner any, ok bool, permission string) error {
	app, codename, dotted := strings.Cut(permission, ".")
	if !ok || !dotted || !column.Storable(permission) {
		return fmt.Errorf("database: %s: %w", insert.Name, ErrNotFound)
	}
	return db.join(ctx, insert, possible, owner, app, codename)
}

// revoke deletes what joins owner and permission.
func (db *DB) revoke(ctx context.Context, q *dialect.Query, owner any, ok bool, permission string) error {
	app, codename, dotted := strings.Cut(permission, ".")
	if !ok || !dotted || !column.Storable(permission) {
		return nil
	}
	_, err := db.exec(ctx, q, owner, app, codename)
	return err
}

// join joins the owner, the first argument of possible, with every row that
// possible finds. Joining again is not an error.
func (db *DB) join(ctx context.Context, insert, possible *dialect.Query, args ...any) error {
	ids, err := collect(ctx, db, possible, args, func(rows *sql.Rows, id *int64) error { return rows.Scan(id) })
	if err != nil {
		return err
	}
	if ids == nil {
		return fmt.Errorf("database: %s: %w", insert.Name, ErrNotFound)
	}
	for _, id := range ids {
		if _, err := db.exec(ctx, insert, args[0], id); err != nil && !errors.Is(err, ErrDuplicate) {
			return err
		}
	}
	return nil
}
