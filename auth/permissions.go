package auth

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// PermissionBackend is a Backend that also knows what users may do. The
// permissions are written "app_label.codename".
type PermissionBackend interface {
	Backend
	// UserPermissions are those that the user has directly.
	UserPermissions(ctx context.Context, u *User) ([]string, error)
	// GroupPermissions are those that the user has by groups.
	GroupPermissions(ctx context.Context, u *User) ([]string, error)
}

// PermissionDecider is a Backend that decides about a single permission
// otherwise than by listing. ErrPermissionDenied means no, whatever the
// backends after it say.
type PermissionDecider interface {
	HasPermission(ctx context.Context, u *User, permission string) (bool, error)
}

// UserPermissions returns an active superuser all permissions there are, an
// inactive or anonymous user none, and caches the list with the user.
func (b *ModelBackend) UserPermissions(ctx context.Context, u *User) ([]string, error) {
	granted, err := b.permissions(ctx, u)
	return granted.own, err
}

// GroupPermissions does the same by groups.
func (b *ModelBackend) GroupPermissions(ctx context.Context, u *User) ([]string, error) {
	granted, err := b.permissions(ctx, u)
	return granted.byGroups, err
}

// granted is what a user may do, by itself and by groups.
type granted struct{ own, byGroups []string }

// permissions reads both lists by one query, once for each user object.
func (b *ModelBackend) permissions(ctx context.Context, u *User) (granted, error) {
	if !u.IsActive || u.IsAnonymous() {
		return granted{}, nil
	}
	v, err := u.Cached("auth.permissions", func() (any, error) {
		if u.IsSuperuser {
			all, err := b.Users.AllPermissions(ctx)
			return granted{all, all}, err
		}
		own, byGroups, err := b.Users.PermissionsOf(ctx, u.ID)
		return granted{own, byGroups}, err
	})
	if err != nil {
		return granted{}, err
	}
	return v.(granted), nil
}

// HasPermission reports whether the user may do what is written
// "app_label.codename" (Django: user.has_perm). An active superuser may do
// everything. The lists are read once for each user object; a permission given
// later counts from the next request on.
func (s *Service) HasPermission(ctx context.Context, u *User, permission string) (bool, error) {
	if u.IsActive && u.IsSuperuser {
		return true, nil
	}
	for _, b := range s.backends {
		ok, err := backendHas(ctx, b, u, permission)
		if errors.Is(err, ErrPermissionDenied) {
			return false, nil
		}
		if ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func backendHas(ctx context.Context, b Backend, u *User, permission string) (bool, error) {
	if d, ok := b.(PermissionDecider); ok {
		return d.HasPermission(ctx, u, permission)
	}
	p, ok := b.(PermissionBackend)
	if !ok {
		return false, nil
	}
	for _, list := range [...]func(context.Context, *User) ([]string, error){p.UserPermissions, p.GroupPermissions} {
		have, err := list(ctx, u)
		if err != nil || slices.Contains(have, permission) {
			return err == nil, err
		}
	}
	return false, nil
}

// HasPermissions reports whether the user has all of them (Django:
// user.has_perms).
func (s *Service) HasPermissions(ctx context.Context, u *User, permissions ...string) (bool, error) {
	for _, p := range permissions {
		if ok, err := s.HasPermission(ctx, u, p); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// HasModulePermissions reports whether the user has any permission of the app
// (Django: user.has_module_perms).
func (s *Service) HasModulePermissions(ctx context.Context, u *User, appLabel string) (bool, error) {
	if u.IsActive && u.IsSuperuser {
		return true, nil
	}
	all, err := s.AllPermissions(ctx, u)
	return err == nil && slices.ContainsFunc(all, func(p string) bool { return strings.HasPrefix(p, appLabel+".") }), err
}

// AllPermissions lists what the user may do, sorted (Django:
// user.get_all_permissions).
func (s *Service) AllPermissions(ctx context.Context, u *User) ([]string, error) {
	return s.collect(ctx, u, PermissionBackend.UserPermissions, PermissionBackend.GroupPermissions)
}

// UserPermissions lists what the user may do by itself, sorted (Django:
// user.get_user_permissions).
func (s *Service) UserPermissions(ctx context.Context, u *User) ([]string, error) {
	return s.collect(ctx, u, PermissionBackend.UserPermissions)
}

// GroupPermissions lists what the user may do by its groups, sorted (Django:
// user.get_group_permissions).
func (s *Service) GroupPermissions(ctx context.Context, u *User) ([]string, error) {
	return s.collect(ctx, u, PermissionBackend.GroupPermissions)
}

func (s *Service) collect(ctx context.Context, u *User,
	lists ...func(PermissionBackend, context.Context, *User) ([]string, error),
) ([]string, error) {
	var all []string
	for _, b := range s.backends {
		p, ok := b.(PermissionBackend)
		if !ok {
			continue
		}
		for _, list := range lists {
			have, err := list(p, ctx, u)
			if err != nil {
				return nil, err
			}
			all = append(all, have...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}
