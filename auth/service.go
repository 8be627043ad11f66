package auth

import (
	"cmp"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/auth/resettoken"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/password/validate"
	"github.com/coatcheck/coatcheck/signing"
)

// Finder looks users up.
type Finder interface {
	// UserByID returns the user, or database.ErrNotFound.
	UserByID(ctx context.Context, id string) (*User, error)
	// UserByUsername returns the user whose username is equal as the database
	// compares, or database.ErrNotFound.
	UserByUsername(ctx context.Context, username string) (*User, error)
	// UsernameTaken reports whether a user has the name, whatever the case.
	UsernameTaken(ctx context.Context, username string) (bool, error)
}

// Keeper changes users.
type Keeper interface {
	// CreateUser stores a new user and sets its ID, or returns database.ErrDuplicate.
	CreateUser(ctx context.Context, u *User) error
	// ReplacePassword stores a hash if the present one is old, and reports whether
	// it was.
	ReplacePassword(ctx context.Context, id string, old, new password.Hash) (bool, error)
	// SetPassword stores a hash, or returns database.ErrNotFound.
	SetPassword(ctx context.Context, id string, hash password.Hash) error
	// SetLastLogin stores when the user signed in last.
	SetLastLogin(ctx context.Context, id string, at time.Time) error
}

// PermissionLister lists what users may do. Permissions are written
// "app_label.codename".
type PermissionLister interface {
	// PermissionsOf returns those given to the user directly, and those of the user's groups.
	PermissionsOf(ctx context.Context, userID string) (own, byGroups []string, err error)
	// AllPermissions are all that exist, which a superuser has.
	AllPermissions(ctx context.Context) ([]string, error)
}

// UniqueUsers is what Users may have in addition, so that no two accounts have one name
// in two spellings, however many are created at once; a *database.DB is one. Without it
// a name is looked for before it is stored, as in Django.
type UniqueUsers interface {
	// NameTaken reports whether a user has the name in any spelling.
	NameTaken(ctx context.Context, username string) (bool, error)
	// CreateUnique stores a new user and sets its ID, or returns
	// database.ErrUsernameTaken, or database.ErrEmailTaken if oneMailbox is set and
	// another user has the address in any spelling.
	CreateUnique(ctx context.Context, u *User, oneMailbox bool) error
}

// Users is what auth needs of the database; a *database.DB is one. It may be UniqueUsers
// too.
type Users interface {
	Finder
	Keeper
	PermissionLister
}

// Config specifies how users are found and checked. Users and Keys are required.
type Config struct {
	Users Users
	// Passwords hashes and checks; nil means password.New(password.Config{}).
	Passwords *password.Hashers
	// Validators judge new passwords where they are typed. Nil means
	// validate.Default; to take every password, give an empty list that
	// is not nil. Django: AUTH_PASSWORD_VALIDATORS.
	Validators []validate.Validator
	// Backends are asked in order. Nil means a ModelBackend. Django:
	// AUTHENTICATION_BACKENDS.
	Backends []Backend
	// LoginBy is what users type to log in, for every ModelBackend; identity.ByUsername when
	// empty. Sessions keep the backend's name, so a Django accepts them in any case.
	LoginBy identity.LoginBy
	// Keys sign and verify session auth hashes and reset tokens.
	Keys signing.Keys
	// PasswordResetTimeout is how long a reset token holds, in whole seconds;
	// three days when zero. Django: PASSWORD_RESET_TIMEOUT.
	PasswordResetTimeout time.Duration
	// SessionMaxAge is how long after its login a session ends, however much it is used; 0
	// sets no limit. The session keeps when it began, see sessionkeys.Began, and Django does
	// not look at it.
	SessionMaxAge time.Duration
	// TimeZone is Django's TIME_ZONE, by which reset tokens are stamped. Nil means
	// the zone of the database, which is UTC unless it says otherwise.
	TimeZone *time.Location
	// Endings reports which sessions ended with others of their user; nil where none do.
	Endings Endings
	// Throttle bounds how often passwords may be guessed; off where its Store is nil.
	Throttle attempts.Config
	// LoginConditions refuse logins of users of whom the Django site asks for more than a
	// password, with ErrLoginElsewhere; their sessions of that site are accepted. Users
	// must be a *database.DB.
	LoginConditions []database.LoginCondition
	// Hooks are called when something happens to an account. Those with a Before need
	// Users with transactions, as a *database.DB is.
	Hooks hooks.Hooks
	// Audit records what happens to accounts; nil records nothing.
	Audit *audit.Log
	// Factors are steps that a login may need after the password, in order.
	Factors []Factor
	// Logger is nil for slog.Default().
	Logger *slog.Logger
}

// String hides the keys.
func (c Config) String() string { return "auth.Config{…}" }

// GoString hides the keys.
func (c Config) GoString() string { return c.String() }

// LogValue hides the keys.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Service authenticates users and signs them in and out. It is safe for
// concurrent use.
type Service struct {
	users     Users
	passwords *password.Hashers
	backends  []Backend
	hashes    []*signing.MAC // of the session auth hash; the first one writes
	hooks     hooks.Hooks
	audit     *audit.Log // may be nil
	factors   []Factor
	tx        hooks.Transactor // of the users; nil where they have no transactions
	log       *slog.Logger
	endings   Endings       // may be nil
	maxAge    time.Duration // of sessions; 0 for none

	validators []validate.Validator
	tokens     *resettoken.Generator

	attempts  *attempts.Counter
	devices   *attempts.Devices
	loose     looseFinder // nil where all backends find users by the exact name
	oneHasher bool        // a single backend hashes

	usernameIsEmail bool // by the user model
	loginBy         identity.LoginBy

	unknown    unknownBackends
	conditions []database.LoginCondition
	loginTimes atomic.Bool // see KeepLoginTimes
	binding    atomic.Pointer[hooks.Binding]
}

// New checks the configuration and makes a Service.
func New(c Config) (*Service, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	keys := c.Keys.All()
	s := &Service{
		users: c.Users, passwords: c.Passwords, backends: c.Backends, loginBy: c.LoginBy,
		validators: slices.Clone(c.Validators),
		hooks:      c.Hooks, audit: c.Audit, factors: slices.Clone(c.Factors), conditions: slices.Clone(c.LoginConditions),
		endings: c.Endings, maxAge: c.SessionMaxAge, log: c.Logger,
		devices: attempts.NewDevices(c.Throttle.CookieSecure, keys...),
	}
	s.tx, _ = c.Users.(hooks.Transactor)
	if m, ok := c.Users.(modeler); ok {
		s.usernameIsEmail = m.UserModel().UsernameIsEmail()
	}
	for _, key := range keys {
		s.hashes = append(s.hashes, signing.NewMAC(sha256.New, authHashSalt, key))
	}
	if c.Keys.AcceptSHA1 {
		s.hashes = append(s.hashes, signing.NewMAC(sha1.New, authHashSalt, c.Keys.Secret))
	}
	s.lookAtBackends()
	var err error
	if s.attempts, err = attempts.New(c.Throttle, c.Keys.Secret, c.Logger); err != nil {
		return nil, fmt.Errorf("auth: Config.Throttle: %w", err)
	}
	if s.tokens, err = resettoken.New(c.tokens()); err != nil {
		return nil, err
	}
	return s, nil
}

// check fills in the defaults and refuses what cannot work.
func (c *Config) check() error {
	if c.Users == nil {
		return errors.New("auth: no users given; set Config.Users to a database")
	}
	if err := c.Keys.Check(); err != nil {
		return fmt.Errorf("auth: Config.%w", err)
	}
	if c.Passwords == nil {
		var err error
		if c.Passwords, err = password.New(password.Config{}); err != nil {
			return fmt.Errorf("auth: %w", err)
		}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Backends == nil {
		c.Backends = []Backend{&ModelBackend{Users: c.Users, Passwords: c.Passwords, Logger: c.Logger}}
	}
	if err := checkBackends(c.Backends); err != nil {
		return err
	}
	if err := c.chooseLoginBy(); err != nil {
		return err
	}
	if c.Validators == nil {
		c.Validators = validate.Default()
	}
	if err := validate.Check(c.Validators); err != nil {
		return fmt.Errorf("auth: Config.Validators: %w", err)
	}
	return errors.Join(checkMaxAge(c.SessionMaxAge), c.checkUsers())
}

// checkUsers refuses what needs more of Users than they have.
func (c *Config) checkUsers() error {
	if _, ok := c.Users.(conditioner); !ok && len(c.LoginConditions) > 0 {
		return errors.New("auth: Config.LoginConditions needs Users that can ask for rows; " +
			"set it to a *database.DB, or leave the conditions out")
	}
	if _, ok := c.Users.(hooks.Transactor); !ok && c.Hooks.HasBefore() {
		return errors.New("auth: Config.Hooks has a Before, which needs Users with transactions; " +
			"set Users to a *database.DB, or use After")
	}
	return nil
}

// lookAtBackends finds out what throttling has to know of them: whether another
// name than the username may open an account, and whether a second backend hashes
// what the first one refused.
func (s *Service) lookAtBackends() {
	hashing := 0
	for _, b := range s.backends {
		switch b.(type) {
		case interface{ ChecksNoPasswords() }:
		case *ModelBackend:
			hashing++
			if s.loginBy != identity.ByUsername {
				s.loose, _ = s.users.(looseFinder)
			}
		default:
			hashing++
			s.loose, _ = s.users.(looseFinder)
		}
	}
	s.oneHasher = hashing == 1
}

// tokens is the configuration of the reset tokens. The database knows in which
// zone Django reads its times.
func (c *Config) tokens() resettoken.Config {
	t := resettoken.Config{
		Keys:     c.Keys,
		Timeout:  c.PasswordResetTimeout,
		TimeZone: c.TimeZone,
	}
	if db, ok := c.Users.(interface{ Location() *time.Location }); ok {
		t.LoginZone = db.Location()
		t.TimeZone = cmp.Or(t.TimeZone, t.LoginZone)
	}
	return t
}

// checkBackends refuses lists by which nobody could sign in, or not be found
// again by what the session says.
func checkBackends(backends []Backend) error {
	if len(backends) == 0 {
		return errors.New("auth: Config.Backends is empty; leave it nil for a ModelBackend")
	}
	names := map[string]int{}
	for i, b := range backends {
		if b == nil {
			return fmt.Errorf("auth: Config.Backends[%d] is nil", i)
		}
		if first, taken := names[b.Name()]; taken {
			return fmt.Errorf("auth: Config.Backends[%d] and [%d] are both named %q; give each its own name", i, first, b.Name())
		}
		names[b.Name()] = i
	}
	return nil
}

// Hooks returns the hooks of the configuration, for parts of a site that change accounts
// themselves.
func (s *Service) Hooks() hooks.Hooks { return s.hooks }

// Passwords returns the hashers in use.
func (s *Service) Passwords() *password.Hashers { return s.passwords }

func (s *Service) backend(name string) Backend {
	for _, b := range s.backends {
		if b.Name() == name {
			return b
		}
	}
	return nil
}

// sensitive is Django's test for the names of credentials that must not be
// shown (SENSITIVE_CREDENTIALS).
func sensitive(name string) bool {
	name = strings.ToLower(name)
	for _, word := range [...]string{"api", "token", "key", "secret", "password", "signature"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
