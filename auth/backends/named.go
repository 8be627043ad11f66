package backends

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/password"
)

// Session accepts the sessions of users who signed in by a backend of the Django
// site that Coatcheck does not have, such as allauth's or one for LDAP. It knows the
// users by ID, as an auth.ModelBackend does, and authenticates nobody: such a user signs in at
// the Django site.
type Session struct {
	// Path is the dotted path of the backend's class, as the site has it in
	// AUTHENTICATION_BACKENDS.
	Path string
	// Users looks the users up.
	Users auth.Users
}

var _ auth.Backend = Session{}

// Name is the path of the class.
func (b Session) Name() string { return b.Path }

// Authenticate returns ErrInvalidCredentials and costs no work.
func (b Session) Authenticate(context.Context, auth.Credentials) (*auth.User, error) {
	return nil, auth.ErrInvalidCredentials
}

// ChecksNoPasswords marks it for auth.New.
func (b Session) ChecksNoPasswords() {}

// User returns the user if active, as Django's ModelBackend.get_user does.
func (b Session) User(ctx context.Context, id string) (*auth.User, error) {
	return (&auth.ModelBackend{Users: b.Users}).User(ctx, id)
}

// Named returns the backends of a Django site's AUTHENTICATION_BACKENDS, in its order:
// Django's own by their paths, and a Session for each other path and, unless remote is
// set, for those of remote users. If the list has no backend of Django's that checks
// passwords, the first other one is an auth.ModelBackend with that path: the passwords in
// the database are checked all the same, and a login is stored under a name that the site
// knows. Then assumed is that path, else "". An auth.ModelBackend logs to log. The error
// names a path that is none.
func Named(
	paths []string, users auth.Users, passwords *password.Hashers, remote bool, log *slog.Logger,
) (backends []auth.Backend, assumed string, err error) {
	model, other := false, -1
	for i, path := range paths {
		if !isClassPath(path) {
			return nil, "", fmt.Errorf("backends: %q is not the dotted path of a backend, as %s is", path, auth.ModelBackendName)
		}
		if slices.Contains(paths[:i], path) {
			continue // as in Django
		}
		all := path == auth.AllowAllUsersModelBackendName || path == AllowAllRemoteUserName
		var backend auth.Backend = Session{Path: path, Users: users}
		switch path {
		case auth.ModelBackendName, auth.AllowAllUsersModelBackendName:
			model = true
			backend = &auth.ModelBackend{Users: users, Passwords: passwords, AllowInactive: all, Logger: log}
		case RemoteUserName, AllowAllRemoteUserName:
			if remote {
				backend = &RemoteUser{Users: users, AllowInactive: all}
			}
		default:
			if other < 0 {
				other = len(backends)
			}
		}
		backends = append(backends, backend)
	}
	if !model && other >= 0 {
		assumed = backends[other].Name()
		backends[other] = &auth.ModelBackend{Users: users, Passwords: passwords, Path: assumed, Logger: log}
	}
	return backends, assumed, nil
}

// isClassPath reports whether a text has the form package.module.Class.
func isClassPath(path string) bool {
	parts := strings.Split(path, ".")
	for _, part := range parts {
		if part == "" || strings.ContainsFunc(part, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`,;:/\"'()[]`, r) }) {
			return false
		}
	}
	return len(parts) > 1
}
