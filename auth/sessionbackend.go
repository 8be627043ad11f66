package auth

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/password"
)

// SessionBackend accepts the sessions of users who signed in by a backend of the Django
// site that Coatcheck does not have, such as allauth's or one for LDAP. It knows the
// users by ID, as a ModelBackend does, and authenticates nobody: such a user signs in at
// the Django site.
type SessionBackend struct {
	// Path is the dotted path of the backend's class, as the site has it in
	// AUTHENTICATION_BACKENDS.
	Path string
	// Users looks the users up.
	Users Users
}

var _ Backend = SessionBackend{}

// Name is the path of the class.
func (b SessionBackend) Name() string { return b.Path }

// Authenticate returns ErrInvalidCredentials and costs no work.
func (b SessionBackend) Authenticate(context.Context, Credentials) (*User, error) {
	return nil, ErrInvalidCredentials
}

// User returns the user if active, as Django's ModelBackend.get_user does.
func (b SessionBackend) User(ctx context.Context, id string) (*User, error) {
	return (&ModelBackend{Users: b.Users}).User(ctx, id)
}

// NamedBackends makes the backends of a Django site's AUTHENTICATION_BACKENDS, in its
// order: Django's own by their paths, and a SessionBackend for each other path and, unless
// remote is set, for those of remote users. If the list has no backend of Django's that
// checks passwords, the first other one is a ModelBackend with that path: the passwords in
// the database are checked all the same, and a login is stored under a name that the site
// knows. assumed returns that path, or ""; log is that of a ModelBackend. The error names a path that is none.
func NamedBackends(paths []string, users Users, passwords *password.Hashers, remote bool, log *slog.Logger) (backends []Backend, assumed string, err error) {
	model, other := false, -1
	for i, path := range paths {
		if !isClassPath(path) {
			return nil, "", fmt.Errorf("auth: %q is not the dotted path of a backend, as %s is", path, ModelBackendName)
		}
		if slices.Contains(paths[:i], path) {
			continue // as in Django
		}
		all := path == AllowAllUsersModelBackendName || path == AllowAllRemoteUserBackendName
		var backend Backend = SessionBackend{Path: path, Users: users}
		switch path {
		case ModelBackendName, AllowAllUsersModelBackendName:
			model = true
			backend = &ModelBackend{Users: users, Passwords: passwords, AllowInactive: all, Logger: log}
		case RemoteUserBackendName, AllowAllRemoteUserBackendName:
			if remote {
				backend = &RemoteUserBackend{Users: users, AllowInactive: all}
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
		backends[other] = &ModelBackend{Users: users, Passwords: passwords, Path: assumed, Logger: log}
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
