package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/password"
)

// Errors about credentials.
var (
	// ErrInvalidCredentials: no backend knows these credentials.
	ErrInvalidCredentials = errors.New("auth: invalid credentials")
	// ErrPermissionDenied from a backend ends the search: nobody after it is
	// asked (Django: PermissionDenied).
	ErrPermissionDenied = errors.New("auth: permission denied")
	// ErrNoUser from Backend.User: there is no such user, or it may not be
	// signed in.
	ErrNoUser = errors.New("auth: no such user, or not an active one")
	// ErrInactive from Backend.User is an ErrNoUser: the user is there and not
	// active. The session ends, so that it stays over when the user is active again.
	// (In Django it lives again.)
	ErrInactive = fmt.Errorf("%w: inactive", ErrNoUser)
)

// Backend knows a kind of users. A backend may also be a PermissionBackend. One that never
// checks a password says so by a method ChecksNoPasswords(), so that throttling counts
// right.
type Backend interface {
	// Name is stored in the session and leads back to the backend; Django's is
	// the dotted path of its class, and both sides must use the same.
	Name() string
	// Authenticate returns the user to whom the credentials belong, or
	// ErrInvalidCredentials, or ErrPermissionDenied. It must do the same amount
	// of work whether the user exists or not. Another error means a failure of the store.
	Authenticate(ctx context.Context, c Credentials) (*User, error)
	// User returns a user who is signed in already, or ErrNoUser, which may be
	// ErrInactive. Another error means a failure of the store.
	User(ctx context.Context, id string) (*User, error)
}

// ModelBackendName is how Django calls its backend in a session.
const ModelBackendName = "django.contrib.auth.backends.ModelBackend"

// AllowAllUsersModelBackendName is how Django calls its backend that also takes
// inactive users.
const AllowAllUsersModelBackendName = "django.contrib.auth.backends.AllowAllUsersModelBackend"

// ModelBackend checks passwords of the users in the database (Django:
// ModelBackend).
type ModelBackend struct {
	Users     Users
	Passwords *password.Hashers
	// AllowInactive accepts inactive users too (Django: AllowAllUsersModelBackend).
	AllowInactive bool
	// Logger is warned of stored hashes that no password opens; nil for
	// slog.Default().
	Logger *slog.Logger
	// Path is the name in sessions; empty means Django's path of the class. Set it for
	// a site whose own class extends Django's and is listed instead of it.
	Path string

	loginBy identity.LoginBy // Config.LoginBy
}

var (
	_ Backend           = (*ModelBackend)(nil)
	_ PermissionBackend = (*ModelBackend)(nil)
)

// Name is Path, or Django's path of the class.
func (b *ModelBackend) Name() string {
	if b.Path != "" {
		return b.Path
	}
	if b.AllowInactive {
		return AllowAllUsersModelBackendName
	}
	return ModelBackendName
}

// Authenticate compares the password with the stored hash. A user who is
// unknown or inactive, or whose hash is unusable, costs the same work as one
// who typed a wrong password. An old hash is replaced by a new one, unless
// somebody changed it concurrently.
func (b *ModelBackend) Authenticate(ctx context.Context, c Credentials) (*User, error) {
	if c.RemoteUser != "" { // these are no credentials of ours, and cost no work
		return nil, ErrInvalidCredentials
	}
	user, err := b.find(ctx, c.Username)
	unknown := errors.Is(err, database.ErrNotFound)
	if err != nil && !unknown {
		return nil, fmt.Errorf("auth: find user: %w", err)
	}
	timer := flow.Start(ctx)
	if unknown || !b.allows(user) {
		if err := b.Passwords.Dummy(ctx, c.Password); err != nil {
			return nil, err
		}
		timer.Emit(ctx, "password.dummy", slog.String("algorithm", b.Passwords.Preferred().Algorithm()))
		return nil, ErrInvalidCredentials
	}
	verdict, err := b.Passwords.Check(ctx, c.Password, user.Password)
	if err != nil {
		return nil, err
	}
	if flow.On(ctx) {
		attrs := append(hashAttrs(user.Password), slog.Bool("right", verdict.OK))
		timer.Emit(ctx, "password.compared", attrs...)
	}
	if !verdict.OK {
		b.reportStuck(ctx, user, verdict.Reason)
		return nil, ErrInvalidCredentials
	}
	if verdict.MustUpdate {
		if err := b.rehash(ctx, user, c.Password); err != nil {
			return nil, err
		}
	}
	return user, nil
}

// reportStuck warns of a stored hash that no password opens, and says what would
// help. The user is told the same as with a wrong password.
func (b *ModelBackend) reportStuck(ctx context.Context, user *User, reason password.Reason) {
	if reason == password.ReasonUnusable {
		flow.Emit(ctx, "password.unusable", slog.String("user", user.ID))
	}
	if !reason.Stuck() {
		return
	}
	flow.Emit(ctx, "password.stuck", slog.String("user", user.ID), slog.String("reason", string(reason)))
	log := b.Logger
	if log == nil {
		log = slog.Default()
	}
	algorithm, remedy := user.Password.Algorithm(), "set another password"
	switch {
	case algorithm == "":
		algorithm = "unknown"
	case reason == password.ReasonUnknown:
		remedy = "add its hasher to password.Config.Hashers (--accept-hasher " + algorithm + ")"
	}
	log.WarnContext(ctx, "no password opens this account: its stored hash is at fault",
		"user", user.ID, "algorithm", algorithm, "reason", string(reason), "remedy", remedy)
}

// hashAttrs say how a password was hashed, and nothing of the hash.
func hashAttrs(h password.Hash) []slog.Attr {
	attrs := []slog.Attr{slog.String("algorithm", cmp.Or(h.Algorithm(), "none"))}
	if rounds := h.Rounds(); rounds != "" {
		attrs = append(attrs, slog.String("rounds", rounds))
	}
	return attrs
}

// makeHash hashes a password for the database, and tells the flow by the code.
func makeHash(
	ctx context.Context, hashers *password.Hashers, code flow.Code, raw string,
) (password.Hash, error) {
	timer := flow.Start(ctx)
	hash, err := hashers.Make(ctx, raw)
	switch {
	case err != nil:
		tellBusy(ctx, err)
	case flow.On(ctx):
		timer.Emit(ctx, code, hashAttrs(hash)...)
	}
	return hash, err
}

// rehash replaces the hash that was just verified. Where it is another by now,
// the password was changed concurrently, and the old one must not come back. Where
// hashing has no place, the next login may do it.
func (b *ModelBackend) rehash(ctx context.Context, user *User, raw string) error {
	hash, err := makeHash(ctx, b.Passwords, "password.rehashed", raw)
	if errors.Is(err, password.ErrBusy) {
		return nil
	}
	if err != nil {
		return err
	}
	replaced, err := b.Users.ReplacePassword(ctx, user.ID, user.Password, hash)
	if err != nil {
		return fmt.Errorf("auth: upgrade hash: %w", err)
	}
	if replaced {
		user.Password = hash
	}
	return nil
}

// User loads a user who is signed in.
func (b *ModelBackend) User(ctx context.Context, id string) (*User, error) {
	user, err := b.Users.UserByID(ctx, id)
	switch {
	case errors.Is(err, database.ErrNotFound):
		return nil, ErrNoUser
	case err != nil:
		return nil, fmt.Errorf("auth: load user: %w", err)
	case !b.allows(user):
		return nil, ErrInactive
	}
	return user, nil
}

func (b *ModelBackend) allows(u *User) bool { return u.IsActive || b.AllowInactive }
