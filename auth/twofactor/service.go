package twofactor

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/seal"
	"github.com/coatcheck/coatcheck/signing"
)

// Require is a set of users: those who must have a second factor.
type Require string

// The sets of users. All others may add a factor.
const (
	RequireNone  Require = "none"
	RequireStaff Require = "staff" // users who are staff or superusers
	RequireAll   Require = "all"
)

// Where the pages of the steps are.
const (
	CodeURL  = "/accounts/login/code/"
	SetupURL = "/accounts/login/two_factor/"
)

// The methods of an auth.Proof that show a second factor: a code by the app, a recovery code, and a
// passkey, whose authenticator has verified the user by a PIN, a face or a finger.
const (
	MethodCode     = "code"
	MethodRecovery = "recovery_code"
	MethodPasskey  = "passkey"
)

// ErrHasApp means that the user has an authenticator app already.
var ErrHasApp = errors.New("twofactor: the user has an authenticator app")

// maxTrust is the longest time for which a device can be trusted.
const maxTrust = 400 * 24 * time.Hour // browsers keep no cookie for longer

// Options are the settings.
type Options struct {
	// Require is the users who must have a second factor: a login of theirs asks them to add one
	// before anybody is signed in. Empty means RequireNone.
	Require Require
	// RequireGroups are the names of groups whose members must have one too. Members are found
	// by auth_user_groups at each login, with one query more. See Service.CheckGroups.
	RequireGroups []string
	// TrustDevices is how long a login from a browser asks for no code after one that did, if the
	// user ticks the box of that page. Zero means that every login asks.
	TrustDevices time.Duration
}

// Asks reports whether there are users who must have a second factor.
func (o Options) Asks() bool {
	return o.Require != "" && o.Require != RequireNone || len(o.RequireGroups) > 0
}

// Config specifies where factors are kept. Store and Keys are required.
type Config struct {
	Options
	// Database has the tables own.TOTPTable and own.RecoveryTable, or those of django-otp or
	// django-allauth, or several of them.
	Database *database.DB
	// Keys seal the secrets of apps, hash recovery codes and sign the cookie of trusted devices.
	Keys signing.Keys
	// Issuer is how apps call the site; "Coatcheck" when empty.
	Issuer string
	// Logger is slog.Default() when nil. It never gets a secret.
	Logger *slog.Logger
}

// String hides the keys.
func (c Config) String() string { return "twofactor.Config{…}" }

// GoString hides the keys.
func (c Config) GoString() string { return c.String() }

// LogValue hides the keys.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Service keeps the second factors of users. It is safe for concurrent use.
type Service struct {
	options  Options
	issuer   string
	own      *own.Store
	db       *database.DB
	stores   bool // there are tables of our own
	endings  bool
	secrets  *seal.Box
	setups   *seal.Box
	recovery []*signing.MAC // the first one writes
	trust    []*signing.MAC // likewise
	log      *slog.Logger
	now      func() time.Time
}

// New checks the configuration. It returns an own.MissingError if the database lacks the tables, unless
// it has those of django-otp or allauth and Require asks nobody for an app: see Stores.
func New(c Config) (*Service, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	s := &Service{
		options: c.Options, issuer: c.Issuer, own: own.New(c.Database), db: c.Database,
		log: c.Logger, now: time.Now,
		endings: own.Missing(c.Database, own.EndingTable) == nil,
		stores:  own.Missing(c.Database, own.TOTPTable, own.RecoveryTable) == nil,
	}
	for _, key := range c.Keys.All() {
		s.recovery = append(s.recovery, signing.NewMAC(sha256.New, "coatcheck.twofactor.recovery", key))
		s.trust = append(s.trust, signing.NewMAC(sha256.New, "coatcheck.twofactor.trust", key))
	}
	for _, box := range []struct {
		of      **seal.Box
		purpose string
	}{{&s.secrets, "totp"}, {&s.setups, "totp setup"}} {
		var err error
		if *box.of, err = seal.New(box.purpose, c.Keys.Secret, c.Keys.Fallbacks...); err != nil {
			return nil, fmt.Errorf("twofactor: %w", err)
		}
	}
	return s, nil
}

// check fills in the defaults and refuses what cannot work.
func (c *Config) check() error {
	if c.Database == nil {
		return errors.New("twofactor: Config.Database must be set")
	}
	if err := c.Keys.Check(); err != nil {
		return fmt.Errorf("twofactor: Config.%w", err)
	}
	if c.Issuer == "" {
		c.Issuer = "Coatcheck"
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Require == "" {
		c.Require = RequireNone
	}
	if !slices.Contains([]Require{RequireNone, RequireStaff, RequireAll}, c.Require) {
		return fmt.Errorf("twofactor: Config.Require (--require-factor) is %q; write none, staff or all",
			c.Require)
	}
	if c.TrustDevices < 0 || c.TrustDevices > maxTrust {
		return errors.New("twofactor: Config.TrustDevices (--trust-device-days) must be from 0 to 400 " +
			"days; browsers keep no cookie for longer")
	}
	if slices.Contains(c.RequireGroups, "") {
		return errors.New("twofactor: Config.RequireGroups (--require-factor-group) has an empty name")
	}
	err := own.Missing(c.Database, own.TOTPTable, own.RecoveryTable)
	beside, broken := c.Database.Facts().Allauth()
	if broken != nil { // else its users would come in without a code
		return fmt.Errorf("twofactor: %w", broken)
	}
	beside = beside || c.Database.Facts().Has(database.OTPTable)
	if err != nil && (c.Asks() || !beside) {
		return fmt.Errorf("twofactor: %w", err)
	}
	return nil
}

// Stores reports whether users can add an authenticator app here. A database that has the tables of
// django-otp or allauth and lacks ours has only users who are asked for the codes of their devices.
func (s *Service) Stores() bool { return s.stores }

// String hides what is inside.
func (s *Service) String() string { return "twofactor.Service{…}" }

// GoString is String.
func (s *Service) GoString() string { return s.String() }

// TrustDevices returns for how long a device can be trusted; 0 where none can.
func (s *Service) TrustDevices() time.Duration { return s.options.TrustDevices }

// State is what a user has of second factors.
type State struct {
	// App is since when the user has an authenticator app; zero for none.
	App time.Time
	// Django means that the user has a device of the django-otp or allauth of a Django beside,
	// whose codes count here too.
	Django bool
	// RecoveryCodes is how many the user has left, of ours and of that Django's.
	RecoveryCodes int
	// Required means that the user must have a factor.
	Required bool
}

// Has reports whether the user has an authenticator app, which the pages here can remove.
func (s State) Has() bool { return !s.App.IsZero() }

// State returns what a user has.
func (s *Service) State(ctx context.Context, user *auth.User) (State, error) {
	var state State
	has, err := s.factorsOf(ctx, user)
	if err == nil {
		state.Required, err = s.requires(ctx, user)
	}
	if err != nil || has.none() {
		return state, err
	}
	if has.allauth.asked() {
		state.Django = true
		if f := has.allauth.recovery; f != nil {
			_, left := readAllauthRecovery(f.Data)
			state.RecoveryCodes = len(left)
		}
	}
	if len(has.devices) > 0 {
		state.Django = true
		tokens, err := s.db.OTPTokens(ctx, user.ID)
		if err != nil {
			return State{}, fmt.Errorf("twofactor: %w", err)
		}
		state.RecoveryCodes += len(tokens)
	}
	if has.app == nil {
		return state, nil
	}
	state.App = has.app.Created
	codes, err := s.own.RecoveryCodes(ctx, user.ID)
	if err != nil {
		return State{}, fmt.Errorf("twofactor: %w", err)
	}
	state.RecoveryCodes += codes
	return state, nil
}

// trusted reports whether the request of the context comes from a device that the user trusts.
func (s *Service) trusted(ctx context.Context, user *auth.User, has factors) (bool, error) {
	r := hooks.RequestFromContext(ctx)
	if r == nil || s.options.TrustDevices == 0 {
		return false, nil
	}
	return s.isTrusted(r, user, has)
}

// ending returns the number of the last ending of the user's sessions.
func (s *Service) ending(r *http.Request, user *auth.User) (int64, error) {
	if !s.endings {
		return 0, nil
	}
	n, err := s.own.Ending(r.Context(), user.ID)
	if err != nil {
		return 0, fmt.Errorf("twofactor: %w", err)
	}
	return n, nil
}
