package database

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"github.com/coatcheck/coatcheck/database/internal/column"
	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// Groups lists every group, by name.
func (db *DB) Groups(ctx context.Context) ([]Group, error) {
	return db.listGroups(ctx, &db.queries.groups)
}

// UserGroups lists the groups of the user, by name.
func (db *DB) UserGroups(ctx context.Context, userID string) ([]Group, error) {
	n, ok := db.userKey(userID)
	if !ok {
		return nil, nil
	}
	return db.listGroups(ctx, &db.queries.userGroups, n)
}

func (db *DB) listGroups(ctx context.Context, q *dialect.Query, args ...any) ([]Group, error) {
	return collect(ctx, db, q, args, func(rows *sql.Rows, g *Group) error {
		var id int64
		err := rows.Scan(&id, &g.Name)
		g.ID = strconv.FormatInt(id, 10)
		return err
	})
}

// GroupByName fetches the group with this name, or ErrNotFound.
func (db *DB) GroupByName(ctx context.Context, name string) (*Group, error) {
	if !column.Storable(name) {
		return nil, fmt.Errorf("database: group: %w", ErrNotFound)
	}
	var id int64
	g := &Group{}
	if err := db.row(ctx, &db.queries.groupByName, []any{name}, &id, &g.Name); err != nil {
		return nil, absent("group", err)
	}
	g.ID = strconv.FormatInt(id, 10)
	return g, nil
}

// CreateGroup inserts a group and sets its ID; ErrDuplicate where the name
// exists.
func (db *DB) CreateGroup(ctx context.Context, g *Group) error {
	if err := column.Check(column.Of("group name", g.Name, 150)); err != nil {
		return err
	}
	id, err := db.insert(ctx, &db.queries.createGroup, g.Name)
	if err == nil {
		g.ID = id
	}
	return err
}

// DeleteGroup deletes the group with its memberships and permissions;
// ErrNotFound where there is no such group.
func (db *DB) DeleteGroup(ctx context.Context, id string) error {
	n, ok := parseID(id)
	if !ok {
		return fmt.Errorf("database: delete group: %w", ErrNotFound)
	}
	return db.Tx(ctx, func(ctx context.Context, tx *DB) error {
		q := tx.queries
		if err := tx.row(ctx, &q.lockGroup, []any{n}, &n); err != nil {
			return absent("delete group", err)
		}
		for _, step := range []*dialect.Query{&q.deleteGroupMembers, &q.deleteGroupPermissionRows, &q.deleteGroup} {
			if _, err := tx.exec(ctx, step, n); err != nil {
				return err
			}
		}
		return nil
	})
}

// AddToGroup puts the user into the group. Adding again is not an error;
// ErrNotFound means that there is no such user or group.
func (db *DB) AddToGroup(ctx context.Context, userID, groupID string) error {
	user, ok := db.userKey(userID)
	group, okGroup := parseID(groupID)
	if !ok || !okGroup {
		return fmt.Errorf("database: add to group: %w", ErrNotFound)
	}
	return db.join(ctx, &db.queries.addToGroup, &db.queries.joinable, user, group)
}

// RemoveFromGroup removes the user from the group. A user outside the group is not an
// error.
func (db *DB) RemoveFromGroup(ctx context.Context, userID, groupID string) error {
	user, ok := db.userKey(userID)
	group, okGroup := parseID(groupID)
	if !ok || !okGroup {
		return nil
	}
	_, err := db.exec(ctx, &db.queries.removeFromGroup, user, group)
	return err
}
