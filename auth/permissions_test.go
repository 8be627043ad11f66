package auth_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/flow"
)

const (
	viewUser  = "auth.view_user"
	addUser   = "auth.add_user"
	viewGroup = "auth.view_group"
)

func (r *rig) fetch(id string) *auth.User {
	r.t.Helper()
	u, err := r.db.UserByID(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return u
}

func (r *rig) grant(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// has checks which of three permissions a user has.
func (r *rig) has(u *auth.User, want ...string) {
	r.t.Helper()
	for _, p := range []string{viewUser, addUser, viewGroup} {
		if ok, err := r.HasPermission(r.t.Context(), u, p); err != nil || ok != slices.Contains(want, p) {
			r.t.Errorf("%v may %s: %v, %v", u, p, ok, err)
		}
	}
}

func TestPermissions(t *testing.T) {
	ctx := t.Context()
	r := newRig(t)
	ada := r.user("ada")
	r.grant(r.db.GrantUser(ctx, ada.ID, viewUser))
	staff := &database.Group{Name: "staff"}
	r.grant(r.db.CreateGroup(ctx, staff))
	r.grant(r.db.GrantGroup(ctx, staff.ID, viewGroup))
	r.grant(r.db.GrantGroup(ctx, staff.ID, viewUser))
	r.grant(r.db.AddToGroup(ctx, ada.ID, staff.ID))
	ada = r.fetch(ada.ID)
	r.has(ada, viewUser, viewGroup)

	for name, list := range map[string]struct {
		of   func(context.Context, *auth.User) ([]string, error)
		want []string
	}{
		"user":  {r.UserPermissions, []string{viewUser}},
		"group": {r.GroupPermissions, []string{viewGroup, viewUser}},
		"all":   {r.AllPermissions, []string{viewGroup, viewUser}},
	} {
		if got, err := list.of(ctx, ada); err != nil || !slices.Equal(got, list.want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for _, tt := range []struct {
		permissions []string
		want        bool
	}{
		{[]string{viewUser, viewGroup}, true},
		{[]string{viewUser, addUser}, false},
		{nil, true},
		{[]string{"view_user"}, false},
		{[]string{""}, false},
		{[]string{"auth.VIEW_USER"}, false},
	} {
		if ok, err := r.HasPermissions(ctx, ada, tt.permissions...); ok != tt.want || err != nil {
			t.Errorf("%q: %v, %v", tt.permissions, ok, err)
		}
	}
	for app, want := range map[string]bool{"auth": true, "aut": false, "auth.": false, "sessions": false, "": false} {
		if ok, err := r.HasModulePermissions(ctx, ada, app); ok != want || err != nil {
			t.Errorf("app %q: %v, %v", app, ok, err)
		}
	}
}

// TestSuperusersAndOthers: who may everything, and who may nothing.
func TestSuperusersAndOthers(t *testing.T) {
	ctx := t.Context()
	r := newRig(t)
	root, err := r.CreateSuperuser(ctx, auth.NewUser{Username: "root"})
	r.grant(err)
	r.has(root, viewUser, addUser, viewGroup)
	if ok, err := r.HasPermission(ctx, root, "no.such"); !ok || err != nil {
		t.Errorf("a superuser may anything: %v, %v", ok, err)
	}
	if ok, err := r.HasModulePermissions(ctx, root, "whatever"); !ok || err != nil {
		t.Errorf("a superuser sees every app: %v, %v", ok, err)
	}
	all, err := r.db.AllPermissions(ctx)
	r.grant(err)
	if got, err := r.AllPermissions(ctx, root); err != nil || len(all) < 12 || !slices.Equal(got, all) {
		t.Errorf("a superuser's list has %d of %d, %v", len(got), len(all), err)
	}

	plain := r.user("plain")
	r.grant(r.db.GrantUser(ctx, plain.ID, viewUser))
	inactive := []*auth.User{r.fetch(root.ID), r.fetch(plain.ID)}
	for _, u := range inactive {
		u.IsActive = false
	}
	for _, u := range append(inactive, auth.AnonymousUser(), &auth.User{IsActive: true}) {
		r.has(u)
		if ok, err := r.HasModulePermissions(ctx, u, "auth"); ok || err != nil {
			t.Errorf("%v sees the app: %v, %v", u, ok, err)
		}
		if all, err := r.AllPermissions(ctx, u); len(all) != 0 || err != nil {
			t.Errorf("%v: %v, %v", u, all, err)
		}
	}
}

// TestPermissionsAreReadOnce for each user object, as in Django.
func TestPermissionsAreReadOnce(t *testing.T) {
	ctx := t.Context()
	r := newRig(t)
	id := r.user("ada").ID
	ada := r.fetch(id)
	r.has(ada)
	r.grant(r.db.GrantUser(ctx, id, viewUser))
	r.has(ada)
	r.has(r.fetch(id), viewUser)
	ada.Forget()
	r.has(ada, viewUser)
	r.grant(r.db.RevokeUser(ctx, id, viewUser))
	r.has(ada, viewUser)
	r.has(r.fetch(id))

	b := r.browser()
	b.login(id)
	r.grant(r.db.GrantUser(ctx, id, addUser))
	r.has(b.who(), addUser) // the next request sees it
}

// decider is a backend that decides by a function.
type decider struct {
	answer
	decide func(u *auth.User, permission string) (bool, error)
}

func (d decider) HasPermission(_ context.Context, u *auth.User, permission string) (bool, error) {
	return d.decide(u, permission)
}

func TestDeciders(t *testing.T) {
	verdicts := map[string]error{addUser: auth.ErrPermissionDenied, viewGroup: nil, "a.b": errOutage}
	r := newRig(t, func(c *auth.Config) {
		c.Backends = []auth.Backend{
			decider{answer{name: "decider"}, func(_ *auth.User, p string) (bool, error) { return p == viewGroup, verdicts[p] }},
			&auth.ModelBackend{Users: c.Users, Passwords: c.Passwords},
		}
	})
	id := r.user("ada").ID
	r.grant(r.db.GrantUser(t.Context(), id, addUser))
	r.grant(r.db.GrantUser(t.Context(), id, viewUser))
	r.has(r.fetch(id), viewUser, viewGroup)
	r.has(auth.AnonymousUser(), viewGroup) // a backend may let visitors in
	if ok, err := r.HasPermission(t.Context(), r.fetch(id), "a.b"); ok || !errors.Is(err, errOutage) {
		t.Errorf("an outage: %v, %v", ok, err)
	}
}

// failingPermissions are users whose permissions cannot be read.
type failingPermissions struct{ auth.Users }

func (failingPermissions) PermissionsOf(context.Context, string) (own, byGroups []string, err error) {
	return nil, nil, errOutage
}

func (failingPermissions) AllPermissions(context.Context) ([]string, error) { return nil, errOutage }

func TestPermissionOutage(t *testing.T) {
	ctx := t.Context()
	r := newRig(t, func(c *auth.Config) { c.Users = failingPermissions{c.Users} })
	ada := r.user("ada")
	if ok, err := r.HasPermission(ctx, ada, viewUser); ok || !errors.Is(err, errOutage) {
		t.Errorf("%v, %v", ok, err)
	}
	if ok, err := r.HasPermissions(ctx, ada, viewUser); ok || !errors.Is(err, errOutage) {
		t.Errorf("several: %v, %v", ok, err)
	}
	if ok, err := r.HasModulePermissions(ctx, ada, "auth"); ok || !errors.Is(err, errOutage) {
		t.Errorf("app: %v, %v", ok, err)
	}
	if all, err := r.AllPermissions(ctx, ada); all != nil || !errors.Is(err, errOutage) {
		t.Errorf("list: %v, %v", all, err)
	}
}

// TestPermissionsInOneQuery: what a user may do, by itself and by groups, is one query a user object.
func TestPermissionsInOneQuery(t *testing.T) {
	r := newRig(t)
	ada := r.user("ada")
	trace := flow.NewTrace()
	ctx := flow.WithSink(t.Context(), trace)
	for _, permission := range []string{viewUser, viewGroup} {
		_, err := r.HasPermission(ctx, ada, permission)
		r.grant(err)
	}
	_, err := r.AllPermissions(ctx, ada)
	r.grant(err)
	if n := len(trace.Events()); n != 1 {
		t.Errorf("%d queries, want 1: %v", n, trace.Events())
	}
}
