package database_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/coatcheck/coatcheck/database"
)

func TestPermissions(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		joe, sue := user(t, db, "joe"), user(t, db, "sue")
		staff, editors := &database.Group{Name: "staff"}, &database.Group{Name: "Éditeurs"}
		for _, g := range []*database.Group{staff, editors} {
			must(t, db.CreateGroup(ctx, g))
			if g.String() != g.Name {
				t.Errorf("the group is %s", g)
			}
			must(t, db.GrantGroup(ctx, g.ID, "auth.view_user"))
		}
		for range 2 { // a second time changes nothing
			must(t, db.GrantUser(ctx, joe.ID, "auth.add_user"))
			must(t, db.GrantUser(ctx, joe.ID, "sessions.delete_session"))
			must(t, db.GrantGroup(ctx, staff.ID, "admin.view_logentry"))
			must(t, db.AddToGroup(ctx, joe.ID, staff.ID))
			must(t, db.AddToGroup(ctx, joe.ID, editors.ID))
		}
		wantPermissions(t, db, joe.ID, []string{"auth.add_user", "sessions.delete_session"},
			[]string{"admin.view_logentry", "auth.view_user"})
		wantPermissions(t, db, sue.ID, nil, nil)

		groups, err := db.UserGroups(ctx, joe.ID)
		if err != nil || len(groups) != 2 {
			t.Errorf("UserGroups = %v, %v", groups, err)
		}
		if all, err := db.Groups(ctx); err != nil || len(all) != 2 {
			t.Errorf("Groups = %v, %v", all, err)
		}
		if g, err := db.GroupByName(ctx, "Éditeurs"); err != nil || *g != *editors {
			t.Errorf("GroupByName = %v, %v", g, err)
		}
		if _, err := db.GroupByName(ctx, "none"); !errors.Is(err, database.ErrNotFound) {
			t.Errorf("GroupByName: %v", err)
		}
		if err := db.CreateGroup(ctx, &database.Group{Name: "staff"}); !errors.Is(err, database.ErrDuplicate) {
			t.Errorf("CreateGroup: %v", err)
		}

		for range 2 {
			must(t, db.RevokeUser(ctx, joe.ID, "auth.add_user"))
			must(t, db.RevokeGroup(ctx, staff.ID, "admin.view_logentry"))
			must(t, db.RemoveFromGroup(ctx, joe.ID, editors.ID))
		}
		wantPermissions(t, db, joe.ID, []string{"sessions.delete_session"}, []string{"auth.view_user"})
		must(t, db.DeleteGroup(ctx, staff.ID))
		wantPermissions(t, db, joe.ID, []string{"sessions.delete_session"}, nil)
		if n := count(t, db, "auth_group_permissions"); n != 1 {
			t.Errorf("auth_group_permissions has %d rows, want the other group's one", n)
		}
	})
}

func wantPermissions(t *testing.T, db *database.DB, id string, user, group []string) {
	t.Helper()
	own, byGroups, err := db.PermissionsOf(t.Context(), id)
	must(t, err)
	if !slices.Equal(own, user) {
		t.Errorf("own permissions = %v, want %v", own, user)
	}
	if !slices.Equal(byGroups, group) {
		t.Errorf("permissions by groups = %v, want %v", byGroups, group)
	}
}

func TestGrantsThatCannotBe(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		u, g := user(t, db, "joe"), &database.Group{Name: "g"}
		must(t, db.CreateGroup(ctx, g))
		for _, permission := range []string{
			"", ".", "auth", "auth.", ".add_user", "auth.none", "none.add_user", "auth.user.add_user", "auth.add\x00user", "\xff.x",
		} {
			if err := db.GrantUser(ctx, u.ID, permission); !errors.Is(err, database.ErrNotFound) {
				t.Errorf("GrantUser(%q): %v", permission, err)
			}
			if err := db.GrantGroup(ctx, g.ID, permission); !errors.Is(err, database.ErrNotFound) {
				t.Errorf("GrantGroup(%q): %v", permission, err)
			}
			must(t, db.RevokeUser(ctx, u.ID, permission))
			must(t, db.RevokeGroup(ctx, g.ID, permission))
		}
		if err := db.AddToGroup(ctx, u.ID, "777"); !errors.Is(err, database.ErrNotFound) {
			t.Errorf("AddToGroup: %v", err)
		}
	})
}

func TestCreatePermission(t *testing.T) {
	eachDB(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		before, err := db.AllPermissions(ctx)
		must(t, err)
		if len(before) != 24 || !slices.IsSorted(before) || !slices.Contains(before, "auth.add_user") {
			t.Errorf("a new site has %v", before)
		}
		// Two models of an app may have the same codename: one string for both.
		for _, model := range []string{"book", "journal"} {
			p := &database.Permission{AppLabel: "library", Model: model, Codename: "lend", Name: "Can lend a " + model}
			must(t, db.CreatePermission(ctx, p))
			if p.ID == "" || p.String() != "library.lend" {
				t.Errorf("created %+v", p)
			}
			again := *p
			if err := db.CreatePermission(ctx, &again); !errors.Is(err, database.ErrDuplicate) {
				t.Errorf("second CreatePermission: %v", err)
			}
		}
		after, err := db.AllPermissions(ctx)
		if err != nil || len(after) != 25 {
			t.Errorf("AllPermissions = %d, %v, want 25", len(after), err)
		}
		rows, err := db.Permissions(ctx)
		if err != nil || len(rows) != 26 {
			t.Errorf("Permissions = %d, %v, want 26", len(rows), err)
		}
		u := user(t, db, "joe")
		must(t, db.GrantUser(ctx, u.ID, "library.lend"))
		wantPermissions(t, db, u.ID, []string{"library.lend"}, nil)
		must(t, db.RevokeUser(ctx, u.ID, "library.lend"))
		wantPermissions(t, db, u.ID, nil, nil)
	})
}
