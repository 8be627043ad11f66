package backends

import (
	"context"
	"errors"
	"fmt"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/password"
)

// How Django calls its backends for users whom the web server checked.
const (
	RemoteUserName         = "django.contrib.auth.backends.RemoteUserBackend"
	AllowAllRemoteUserName = "django.contrib.auth.backends.AllowAllUsersRemoteUserBackend"
)

// RemoteUser believes the name in Credentials.RemoteUser, which a web server
// in front checked, and makes the user where it does not exist (Django:
// RemoteUserBackend). It goes with middleware.RemoteUser.
//
// A user whom it makes has an unusable password. Django stores an empty one, which
// counts as usable, so that a reset link could give the account a password.
type RemoteUser struct {
	Users auth.Users
	// KnownOnly creates no users. Django: create_unknown_user = False.
	KnownOnly bool
	// Clean returns the username for the name that the web server gives, as by cutting
	// off "@REALM". Nil leaves it as it is. Django: clean_username.
	Clean func(name string) string
	// Configure is called at each login, before the user is signed in, with whether
	// it was made just now; it may change the user and store the change. Its error
	// makes the login fail. Django: configure_user.
	Configure func(ctx context.Context, user *auth.User, created bool) error
	// AllowInactive accepts inactive users too. Django: AllowAllUsersRemoteUserBackend.
	AllowInactive bool
}

var _ auth.PermissionBackend = (*RemoteUser)(nil)

// Name is Django's path of the class.
func (b *RemoteUser) Name() string {
	if b.AllowInactive {
		return AllowAllRemoteUserName
	}
	return RemoteUserName
}

// CleanUsername is the username for the name that the web server gives.
func (b *RemoteUser) CleanUsername(name string) string {
	if b.Clean == nil {
		return name
	}
	return b.Clean(name)
}

// Authenticate finds or makes the user of Credentials.RemoteUser. Other
// credentials are none of its own, and a name that cannot be stored is nobody's.
func (b *RemoteUser) Authenticate(ctx context.Context, c auth.Credentials) (*auth.User, error) {
	if c.RemoteUser == "" {
		return nil, auth.ErrInvalidCredentials
	}
	username := b.CleanUsername(c.RemoteUser)
	user, created, err := b.find(ctx, username)
	switch {
	case errors.Is(err, database.ErrNotFound), errors.Is(err, database.ErrInvalid):
		return nil, auth.ErrInvalidCredentials
	case err != nil:
		return nil, fmt.Errorf("backends: remote user: %w", err)
	}
	if b.Configure != nil {
		if err := b.Configure(ctx, user, created); err != nil {
			return nil, fmt.Errorf("backends: configure remote user: %w", err)
		}
	}
	if !user.IsActive && !b.AllowInactive {
		return nil, auth.ErrInvalidCredentials
	}
	return user, nil
}

// find is Django's get_or_create: another request may make the user at the same
// moment.
func (b *RemoteUser) find(ctx context.Context, username string) (user *auth.User, created bool, err error) {
	user, err = b.Users.UserByUsername(ctx, username)
	if !errors.Is(err, database.ErrNotFound) || b.KnownOnly || username == "" {
		return user, false, err
	}
	user = &auth.User{Username: username, Password: password.Unusable(), IsActive: true}
	if err = b.Users.CreateUser(ctx, user); errors.Is(err, database.ErrDuplicate) {
		user, err = b.Users.UserByUsername(ctx, username)
		return user, false, err
	}
	return user, true, err
}

// ChecksNoPasswords marks it for auth.New.
func (b *RemoteUser) ChecksNoPasswords() {}

func (b *RemoteUser) model() *auth.ModelBackend {
	return &auth.ModelBackend{Users: b.Users, AllowInactive: b.AllowInactive}
}

// User loads a user who is signed in.
func (b *RemoteUser) User(ctx context.Context, id string) (*auth.User, error) {
	return b.model().User(ctx, id)
}

// UserPermissions are those of ModelBackend.
func (b *RemoteUser) UserPermissions(ctx context.Context, u *auth.User) ([]string, error) {
	return b.model().UserPermissions(ctx, u)
}

// GroupPermissions are those of ModelBackend.
func (b *RemoteUser) GroupPermissions(ctx context.Context, u *auth.User) ([]string, error) {
	return b.model().GroupPermissions(ctx, u)
}
