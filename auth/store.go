package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// Storing specifies how [Service.Store] stores a user.
type Storing struct {
	// Password is the password in clear, if the caller has it, for the validators that
	// learn of new passwords.
	Password string `json:"-"`
	// OneMailbox refuses an address that another account has in any spelling. Set it
	// where the user has shown that the address is theirs.
	OneMailbox bool
	// Within is the transaction to store the user in; nil means one of its own.
	Within Within `json:"-"`
}

// Within runs store in a transaction, whose users it passes. It may run store again if
// the transaction is run again.
type Within func(ctx context.Context, store func(ctx context.Context, users UniqueUsers) error) error

// String hides the password.
func (o Storing) String() string { return "auth.Storing{…}" }

// GoString hides the password.
func (o Storing) GoString() string { return o.String() }

// Store stores a user of [Service.PrepareUser] and returns it as it is stored. All
// accounts are made by it: at sign-up, by links, by invitations and on the command
// line. A name is unique in all its spellings (case, width, composed letters); which of
// several at once gets it is decided in the transaction that stores the user. It
// returns ErrUsernameTaken, ErrEmailTaken or both; database.ErrDuplicate alone for the
// value of another unique column; or a failure of the database or of Within.
func (s *Service) Store(ctx context.Context, user *User, o Storing) (*User, error) {
	var stored *User
	called := s.hooks.SignedUp
	if o.OneMailbox {
		called = slices.Concat(called, s.hooks.Confirmed)
	}
	store := func(ctx context.Context, users UniqueUsers) error {
		created := *user
		stored = &created
		event := &hooks.Event{User: stored, Request: hooks.RequestFromContext(ctx)}
		told := audit.Event{Code: "account-created", User: stored}
		if stored.IsSuperuser {
			told.Code = "superuser-created"
		}
		return s.recorded(ctx, told, func(ctx context.Context) error {
			return called.Run(ctx, s.tx, event, func(ctx context.Context) error {
				return users.CreateUnique(ctx, stored, o.OneMailbox)
			})
		})
	}
	var err error
	if o.Within != nil {
		err = o.Within(ctx, store)
	} else {
		err = store(ctx, s.uniqueUsers())
	}
	if err != nil {
		return nil, storeError(err)
	}
	s.log.InfoContext(ctx, "user created", requestinfo.LogClient(ctx), "user", stored.ID)
	s.passwordChanged(ctx, o.Password, stored)
	return stored, nil
}

// PasswordBackend returns the name of the first ModelBackend, for the User.Backend of a user who
// has just chosen a password, or "" if there is none.
func (s *Service) PasswordBackend() string {
	for _, b := range s.backends {
		if model, ok := b.(*ModelBackend); ok {
			return model.Name()
		}
	}
	return ""
}

// storeError explains why a user was not stored.
func storeError(err error) error {
	var taken []error
	if errors.Is(err, database.ErrUsernameTaken) {
		taken = append(taken, ErrUsernameTaken)
	}
	if errors.Is(err, database.ErrEmailTaken) {
		taken = append(taken, ErrEmailTaken)
	}
	if len(taken) == 0 {
		return fmt.Errorf("auth: create user: %w", err)
	}
	return errors.Join(taken...)
}

// CreateUser stores a new user and creates no session (Django: create_user). As
// in Django the username is not validated here but where it is typed: see
// CleanUsername. The errors are those of Store, identity.ErrUsernameRequired, password.ErrBusy,
// database.ErrInvalid where the user model cannot store what is given or wants more, and
// those of Storable.
func (s *Service) CreateUser(ctx context.Context, n NewUser) (*User, error) {
	return s.create(ctx, n, false)
}

// CreateSuperuser stores a user who may do everything (Django:
// create_superuser).
func (s *Service) CreateSuperuser(ctx context.Context, n NewUser) (*User, error) {
	n.IsStaff = true
	return s.create(ctx, n, true)
}

func (s *Service) create(ctx context.Context, n NewUser, superuser bool) (*User, error) {
	user, err := s.prepare(ctx, n, superuser)
	if err != nil {
		return nil, err
	}
	return s.Store(ctx, user, Storing{Password: n.Password})
}

// UsernameTaken reports whether a user has the name in any spelling. Where users sign in
// by their address, it is about the mailbox.
func (s *Service) UsernameTaken(ctx context.Context, username string) (bool, error) {
	taken, err := s.uniqueUsers().NameTaken(ctx, username)
	if err != nil {
		return false, fmt.Errorf("auth: find user: %w", err)
	}
	return taken, nil
}

// uniqueUsers returns the users, with a look before each insert if they have nothing
// better.
func (s *Service) uniqueUsers() UniqueUsers {
	if unique, ok := s.users.(UniqueUsers); ok {
		return unique
	}
	return lookedAt{s.users}
}

// lookedAt are users of a program's own, which decide nothing in a transaction.
type lookedAt struct{ Users }

// NameTaken is UsernameTaken.
func (l lookedAt) NameTaken(ctx context.Context, username string) (bool, error) {
	return l.UsernameTaken(ctx, username)
}

// CreateUnique looks for the name and then stores the user.
func (l lookedAt) CreateUnique(ctx context.Context, u *User, _ bool) error {
	taken, err := l.UsernameTaken(ctx, u.Username)
	if err != nil {
		return err
	}
	if taken {
		return database.ErrUsernameTaken
	}
	err = l.CreateUser(ctx, u)
	if !errors.Is(err, database.ErrDuplicate) || errors.Is(err, database.ErrUsernameTaken) {
		return err
	}
	if _, found := l.UserByUsername(ctx, u.Username); found == nil {
		return database.ErrUsernameTaken
	}
	return err
}
