package database

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"

	"github.com/coatcheck/coatcheck/database/internal/column"
)

// PermissionsOf lists what is granted to the user directly, and what through groups, in one
// query. Each list is sorted, of texts such as "app.codename". A user that does not exist has
// none. Django: get_user_permissions and get_group_permissions, which are two queries, without
// their rule for superusers.
func (db *DB) PermissionsOf(ctx context.Context, userID string) (own, byGroups []string, err error) {
	n, ok := db.userKey(userID)
	if !ok {
		return nil, nil, nil
	}
	granted, err := collect(ctx, db, &db.queries.permissionsOf, []any{n}, func(rows *sql.Rows, g *grant) error {
		return rows.Scan(&g.byGroup, &g.app, &g.codename)
	})
	if err != nil {
		return nil, nil, err
	}
	for _, g := range granted {
		list := &own
		if g.byGroup != 0 {
			list = &byGroups
		}
		*list = append(*list, g.app+"."+g.codename)
	}
	return inOrder(own), inOrder(byGroups), nil
}

// grant is a permission that a user has.
type grant struct {
	byGroup       int
	app, codename string
}

// inOrder sorts names, each of them once.
func inOrder(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// AllPermissions lists every permission there is, as "app.codename", sorted:
// what a superuser has.
func (db *DB) AllPermissions(ctx context.Context) ([]string, error) {
	permissions, err := db.Permissions(ctx)
	names := make([]string, len(permissions))
	for i, p := range permissions {
		names[i] = p.String()
	}
	return inOrder(names), err
}

// Permissions lists the rows of auth_permission in Django's order: by app label,
// model, codename.
func (db *DB) Permissions(ctx context.Context) ([]Permission, error) {
	return collect(ctx, db, &db.queries.permissions, nil, func(rows *sql.Rows, p *Permission) error {
		var id int64
		err := rows.Scan(&id, &p.AppLabel, &p.Model, &p.Codename, &p.Name)
		p.ID = strconv.FormatInt(id, 10)
		return err
	})
}

// CreatePermission inserts a permission of the program's own, and its content
// type where that is absent, and sets its ID. ErrDuplicate where it exists.
func (db *DB) CreatePermission(ctx context.Context, p *Permission) error {
	if err := column.Check(column.Of("app label", p.AppLabel, 100), column.Of("model", p.Model, 100),
		column.Of("codename", p.Codename, 100), column.Of("name", p.Name, 255)); err != nil {
		return err
	}
	return db.Tx(ctx, func(ctx context.Context, tx *DB) error {
		contentType, err := tx.contentType(ctx, p.AppLabel, p.Model)
		if err != nil {
			return err
		}
		id, err := tx.insert(ctx, &tx.queries.insertPermission, p.Name, contentType, p.Codename)
		if err == nil {
			p.ID = id
		}
		return err
	})
}

// contentType returns the id of a content type, which it creates where absent.
func (db *DB) contentType(ctx context.Context, app, model string) (id int64, err error) {
	err = db.row(ctx, &db.queries.contentType, []any{app, model}, &id)
	if !errors.Is(err, ErrNotFound) {
		return id, err
	}
	_, err = db.insert(ctx, &db.queries.insertContentType, app, model)
	if err != nil && !errors.Is(err, ErrDuplicate) {
		return 0, err
	}
	err = db.row(ctx, &db.queries.contentType, []any{app, model}, &id)
	return id, err
}
