package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/password"
)

// How Django calls its backends for users whom the web server checked.
const (
	RemoteUserBackendName         = "django.contrib.auth.backends.RemoteUserBackend"
	AllowAllRemoteUserBackendName = "django.contrib.auth.backends.AllowAllUsersRemoteUserBackend"
)

// RemoteUserBackend believes the name in Credentials.RemoteUser, which a web server
// in front checked, and makes the user where it does not exist (Django:
// RemoteUserBackend). It goes with middleware.RemoteUser.
//
// A user whom it makes has an unusable password. Django stores an empty one, which
// counts as usable, so that a reset link could give the account a password.
type RemoteUserBackend struct {
	Users Users
	// KnownOnly makes no users. Django: create_unknown_user = False.
	KnownOnly bool
	// Clean makes a username of the name that the web server gives, as by cutting
	// off "@REALM". Nil leaves it as it is. Django: clean_username.
	Clean func(name string) string
	// Configure is called at each login, before the user is signed in, with whether
	// it was made just now; it may change the user and store the change. Its error
	// makes the login fail. Django: configure_user.
	Configure func(ctx context.Context, user *User, created bool) error
	// AllowInactive takes inactive users too. Django: AllowAllUsersRemoteUserBackend.
	AllowInactive bool
}

var _ PermissionBackend = (*RemoteUserBackend)(nil)

// Name is Django's path of the class.
func (b *RemoteUserBackend) Name() string {
	if b.AllowInactive {
		return AllowAllRemoteUserBackendName
	}
	return RemoteUserBackendName
}

// CleanUsername is the username for the name that the web server gives.
func (b *RemoteUserBackend) CleanUsername(name string) string {
	if b.Clean == nil {
		return name
	}
	return b.Clean(name)
}

// Authenticate finds or makes the user of Credentials.RemoteUser. Other
// credentials are none of its own, and a name that cannot be stored is nobody's.
func (b *RemoteUserBackend) Authenticate(ctx context.Context, c Credentials) (*User, error) {
	if c.RemoteUser == "" {
		return nil, ErrInvalidCredentials
	}
	username := b.CleanUsername(c.RemoteUser)
	user, created, err := b.find(ctx, username)
	switch {
	case errors.Is(err, database.ErrNotFound), errors.Is(err, database.ErrInvalid):
		return nil, ErrInvalidCredentials
	case err != nil:
		return nil, fmt.Errorf("auth: remote user: %w", err)
	}
	if b.Configure != nil {
		if err := b.Configure(ctx, user, created); err != nil {
			return nil, fmt.Errorf("auth: configure remote user: %w", err)
		}
	}
	if !user.IsActive && !b.AllowInactive {
		return nil, ErrInvalidCredentials
	}
	return user, nil
}

// find is Django's get_or_create: another request may make the user at the same
// moment.
func (b *RemoteUserBackend) find(ctx context.Context, username string) (user *User, created bool, err error) {
	user, err = b.Users.UserByUsername(ctx, username)
	if !errors.Is(err, database.ErrNotFound) || b.KnownOnly || username == "" {
		return user, false, err
	}
	user = &User{Username: username, Password: password.Unusable(), IsActive: true}
	if err = b.Users.CreateUser(ctx, user); errors.Is(err, database.ErrDuplicate) {
		user, err = b.Users.UserByUsername(ctx, username)
		return user, false, err
	}
	return user, true, err
}

func (b *RemoteUserBackend) model() *ModelBackend {
	return &ModelBackend{Users: b.Users, AllowInactive: b.AllowInactive}
}

// User loads a user who is signed in.
func (b *RemoteUserBackend) User(ctx context.Context, id string) (*User, error) {
	return b.model().User(ctx, id)
}

// UserPermissions are those of ModelBackend.
func (b *RemoteUserBackend) UserPermissions(ctx context.Context, u *User) ([]string, error) {
	return b.model().UserPermissions(ctx, u)
}

// GroupPermissions are those of ModelBackend.
func (b *RemoteUserBackend) GroupPermissions(ctx context.Context, u *User) ([]string, error) {
	return b.model().GroupPermissions(ctx, u)
}

// LoginRemote sees to it that the request's user is the one whom the web server
// names: who is signed in under this name stays so; a user whom a RemoteUserBackend
// signed in under another name is logged out first, session and all
// (CVE-2014-0482); and whoever Authenticate then gives is logged in. That it gives
// nobody is no error. Whether the name is to be believed is for the caller to know:
// see middleware.RemoteUser.
func (s *Service) LoginRemote(r *http.Request, name string) error {
	ctx := r.Context()
	user, err := UserFromContext(ctx)
	if err != nil {
		return err
	}
	if user.IsAuthenticated() {
		if user.Username == s.cleanRemote(user, name) {
			return nil
		}
		if err := s.LogoutRemote(r); err != nil {
			return err
		}
	}
	if name == "" {
		return nil
	}
	user, err = s.Authenticate(ctx, Credentials{RemoteUser: name, Request: r})
	if errors.Is(err, ErrInvalidCredentials) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Login(r, user)
}

// cleanRemote is the name as the backend of the session's user cleans it.
func (s *Service) cleanRemote(user *User, name string) string {
	if b, ok := s.backend(user.Backend).(interface{ CleanUsername(name string) string }); ok {
		return b.CleanUsername(name)
	}
	return name
}

// LogoutRemote logs out a user whom a RemoteUserBackend signed in, because the web
// server names it no more. Others stay.
func (s *Service) LogoutRemote(r *http.Request) error {
	user, err := UserFromContext(r.Context())
	if err != nil {
		return err
	}
	if _, remote := s.backend(user.Backend).(*RemoteUserBackend); !remote || !user.IsAuthenticated() {
		return nil
	}
	return s.Logout(r)
}
