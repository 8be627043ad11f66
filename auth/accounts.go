package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/password"
)

// Errors about making users.
var (
	// ErrUsernameTaken means that a user has that name, in this spelling or another.
	ErrUsernameTaken = errors.New("auth: a user with that username already exists")
	// ErrEmailTaken means that a user has that address where none may share it.
	ErrEmailTaken = errors.New("auth: a user with that email address already exists")
	// ErrSamePassword: the new password is the present one.
	ErrSamePassword = errors.New("auth: the new password is the present one")
	// ErrPasswordChanged: the password was changed since the user was read.
	ErrPasswordChanged = errors.New("auth: the password was changed concurrently")
)

// NewUser is what a user is made of. It never prints the password.
type NewUser struct {
	// Username is required and stored in its NFKC form. Where users sign in by
	// their email address it is that, and stored as Email is; either will do.
	Username string
	Email    string // stored with the domain in lower case
	// Password is stored as a hash. An empty one makes an account that no
	// password opens (Django: password=None).
	Password  string `json:"-"`
	FirstName string
	LastName  string
	IsStaff   bool
	Inactive  bool // Django: is_active=False
	// Extra are values for the columns of the site's own user model, by name; see
	// database.UserModel and its Defaults. They are as User.SetExtra takes them.
	Extra map[string]any `json:"-"`
}

// String hides the password.
func (n NewUser) String() string { return fmt.Sprintf("new user %q", n.Username) }

// GoString hides the password.
func (n NewUser) GoString() string { return n.String() }

// LogValue hides the password.
func (n NewUser) LogValue() slog.Value { return slog.StringValue(n.String()) }

// PrepareUser returns what CreateUser would store, its hash too, and stores nothing,
// for a program that stores it later by [Service.Store]. The errors are those of
// CreateUser, except for a name that is taken.
func (s *Service) PrepareUser(ctx context.Context, n NewUser) (*User, error) {
	return s.prepare(ctx, n, false)
}

func (s *Service) prepare(ctx context.Context, n NewUser, superuser bool) (*User, error) {
	username, email := identity.NormalizeUsername(n.Username), identity.NormalizeEmail(n.Email)
	if s.usernameIsEmail {
		switch username = identity.NormalizeEmail(n.Username); {
		case username == "":
			username = email
		case email != "" && email != username:
			return nil, fmt.Errorf("auth: username and email address are one column of this user model, and differ: %w", database.ErrInvalid)
		}
		email = username
	}
	if username == "" {
		return nil, identity.ErrUsernameRequired
	}
	user := &User{
		Username: username, Email: email,
		FirstName: n.FirstName, LastName: n.LastName,
		IsActive: !n.Inactive, IsStaff: n.IsStaff, IsSuperuser: superuser, DateJoined: time.Now(),
	}
	for column, value := range n.Extra {
		user.SetExtra(column, value)
	}
	if err := s.Storable(ctx, user); err != nil {
		return nil, err
	}
	var err error
	if user.Password, err = s.newHash(ctx, n.Password); err != nil {
		return nil, err
	}
	return user, nil
}

// fitter knows which characters its columns can hold; a *database.DB is one.
type fitter interface {
	Fits(ctx context.Context, u *User) error
}

// Storable returns ErrInvalidUsername or ErrInvalidEmail if the database's character set
// lacks a character of the user's name or address, such as an emoji in utf8mb3, and
// another database.ErrInvalid for the first and last name. It costs nothing for ASCII.
func (s *Service) Storable(ctx context.Context, u *User) error {
	db, ok := s.users.(fitter)
	if !ok {
		return nil
	}
	err := db.Fits(ctx, u)
	var lacking *database.UnstorableError
	switch {
	case !errors.As(err, &lacking):
		return err
	case lacking.Field == "username" && !s.usernameIsEmail:
		return identity.ErrInvalidUsername
	case lacking.Field == "email", lacking.Field == "username":
		return identity.ErrInvalidEmail
	}
	return fmt.Errorf("auth: %w", err)
}

// modeler is a database with a user model.
type modeler interface{ UserModel() database.UserModel }

// UsernameIsEmail reports whether users sign in by their email address, because
// the user model says so (Django: USERNAME_FIELD = "email").
func (s *Service) UsernameIsEmail() bool { return s.usernameIsEmail }

func (s *Service) newHash(ctx context.Context, raw string) (password.Hash, error) {
	if raw == "" {
		return password.Unusable(), nil
	}
	return makeHash(ctx, s.passwords, "password.hashed", raw)
}

// SetPassword stores a new password, or with an empty one makes the account one
// that no password opens (Django: set_password and save). It ends all sessions
// of the user; keep the present one by UpdateSessionAuthHash.
func (s *Service) SetPassword(ctx context.Context, user *User, raw string) error {
	hash, err := s.newHash(changing(ctx, user), raw)
	if err != nil {
		return err
	}
	return s.storePassword(ctx, user, hash, raw, func(ctx context.Context) error {
		if err := s.users.SetPassword(ctx, user.ID, hash); err != nil {
			return fmt.Errorf("auth: set password: %w", err)
		}
		return nil
	})
}

// ReplacePassword is SetPassword for a user whose password may be changed by others
// at the same time: it stores the new one only where the present one still is that
// of user, and otherwise returns ErrPasswordChanged. Of any number who do it at once
// with the same user, one succeeds. The present password again is ErrSamePassword, since
// a change is meant to keep those out who know it.
func (s *Service) ReplacePassword(ctx context.Context, user *User, raw string) error {
	ctx = changing(ctx, user)
	same, err := s.passwords.Check(ctx, raw, user.Password)
	if err != nil {
		tellBusy(ctx, err)
		return err
	}
	if same.OK {
		return ErrSamePassword
	}
	hash, err := s.newHash(ctx, raw)
	if err != nil {
		return err
	}
	old := user.Password
	return s.storePassword(ctx, user, hash, raw, func(ctx context.Context) error {
		replaced, err := s.users.ReplacePassword(ctx, user.ID, old, hash)
		switch {
		case err != nil:
			return fmt.Errorf("auth: replace password: %w", err)
		case !replaced:
			return ErrPasswordChanged
		}
		return nil
	})
}

// storePassword stores a new hash by store, and calls the hooks and the validators that
// learn of new passwords.
func (s *Service) storePassword(
	ctx context.Context, user *User, hash password.Hash, raw string, store func(context.Context) error,
) error {
	changed := *user
	changed.Password = hash
	event := &hooks.Event{User: &changed, Request: hooks.RequestFromContext(ctx)}
	told := audit.Event{Code: audit.CodeOf(ctx, "password-changed"), User: &changed}
	if err := s.recorded(ctx, told, func(ctx context.Context) error {
		return s.hooks.PasswordChanged.Run(ctx, s.tx, event, store)
	}); err != nil {
		return err
	}
	user.Password = hash
	s.log.InfoContext(ctx, "password changed", requestinfo.LogClient(ctx), "user", user.ID)
	s.passwordChanged(ctx, raw, user)
	return nil
}

// UnknownPassword returns the hash of a password that nobody knows, to be stored in the
// place of the user's. So every session of the user ends, in a Django too, and so do the
// links and the known devices that are bound to the password. An account that no password
// opens stays one. The error is password.ErrBusy.
func (s *Service) UnknownPassword(ctx context.Context, user *User) (password.Hash, error) {
	if !user.Password.Usable() {
		return password.Unusable(), nil
	}
	return makeHash(password.KnownClient(ctx, user.ID), s.passwords, "password.hashed", rand.Text())
}

// UserByUsername finds a user, or returns ErrNoUser. Unlike Backend.User it
// also finds inactive ones.
func (s *Service) UserByUsername(ctx context.Context, username string) (*User, error) {
	user, err := s.users.UserByUsername(ctx, username)
	if errors.Is(err, database.ErrNotFound) {
		return nil, ErrNoUser
	}
	if err != nil {
		return nil, fmt.Errorf("auth: find user: %w", err)
	}
	return user, nil
}
