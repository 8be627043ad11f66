package twofactor

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
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
	// TrustDevices is how long a login from a browser asks for no code after one that did, if the
	// user ticks the box of that page. Zero means that every login asks.
	TrustDevices time.Duration
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
	err := own.Missing(c.Database, own.TOTPTable, own.RecoveryTable)
	beside, broken := c.Database.Facts().Allauth()
	if broken != nil { // else its users would come in without a code
		return fmt.Errorf("twofactor: %w", broken)
	}
	beside = beside || c.Database.Facts().Has(database.OTPTable)
	if err != nil && (c.Require != RequireNone || !beside) {
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
	state := State{Required: s.requires(user)}
	has, err := s.factorsOf(ctx, user)
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

// factors are what a user has.
type factors struct {
	app     *own.TOTP // nil for none
	devices []database.OTPDevice
	allauth allauth
}

func (f factors) none() bool { return f.app == nil && len(f.devices) == 0 && !f.allauth.asked() }

// elsewhere reports whether no code that the user has can be checked here.
func (f factors) elsewhere() bool {
	return f.app == nil && len(f.devices) == 0 && f.allauth.elsewhere()
}

// secrets is a text that is another one when the factors are others.
func (f factors) secrets() string {
	var b strings.Builder
	if f.app != nil {
		b.WriteString(f.app.Secret)
	}
	for _, d := range f.devices {
		fmt.Fprintf(&b, " %d:%s", d.ID, d.Key)
	}
	if a := f.allauth.app; a != nil {
		fmt.Fprintf(&b, " allauth %d:%s", a.ID, a.Data)
	}
	return b.String()
}

// factorsOf returns what a user has.
func (s *Service) factorsOf(ctx context.Context, user *auth.User) (has factors, err error) {
	if s.stores {
		has.app, err = s.own.TOTP(ctx, user.ID)
	}
	if errors.Is(err, database.ErrNotFound) {
		err = nil
	}
	if err == nil {
		has.devices, err = s.db.OTPDevices(ctx, user.ID)
	}
	if err == nil {
		has.allauth, err = s.allauthOf(ctx, user)
	}
	if err != nil {
		return factors{}, fmt.Errorf("twofactor: %w", err)
	}
	return has, nil
}

// requires reports whether a user must have a factor.
func (s *Service) requires(user *auth.User) bool {
	switch s.options.Require {
	case RequireAll:
		return true
	case RequireStaff:
		return user.IsStaff || user.IsSuperuser
	}
	return false
}

// Factors returns the steps of a login: the code of those who have a factor, and adding one for those
// who must have one.
func (s *Service) Factors() []auth.Factor { return []auth.Factor{code{s}, setup{s}} }

// code is the step that asks for a code.
type code struct{ *Service }

func (code) Name() string { return MethodCode }
func (code) URL() string  { return CodeURL }

// Wanted reports whether the user has a factor that was not shown yet, on a device that is not
// trusted. It returns auth.ErrLoginElsewhere if only a Django beside can ask for it.
func (c code) Wanted(ctx context.Context, user *auth.User, have []auth.Proof) (bool, error) {
	if shown(have) {
		return false, nil
	}
	has, err := c.factorsOf(ctx, user)
	if err != nil || has.none() {
		return false, err
	}
	if has.elsewhere() {
		c.log.InfoContext(ctx, "login refused: the second factor of the user can be checked at the Django "+
			"site alone", requestinfo.LogClient(ctx), "user", user.ID)
		return false, auth.ErrLoginElsewhere
	}
	trusted, err := c.trusted(ctx, user, has)
	return !trusted, err
}

// setup is the step in which a user who must have a factor adds one.
type setup struct{ *Service }

func (setup) Name() string { return "two_factor_setup" }
func (setup) URL() string  { return SetupURL }

// Wanted reports whether the user must have a factor and has none.
func (s setup) Wanted(ctx context.Context, user *auth.User, have []auth.Proof) (bool, error) {
	if !s.requires(user) || shown(have) {
		return false, nil
	}
	has, err := s.factorsOf(ctx, user)
	return err == nil && has.none(), err
}

// shown reports whether the user has shown a second factor.
func shown(have []auth.Proof) bool {
	return slices.ContainsFunc(have, func(p auth.Proof) bool {
		return p.Method == MethodCode || p.Method == MethodRecovery || p.Method == MethodPasskey
	})
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
