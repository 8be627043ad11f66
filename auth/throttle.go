package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/throttle"
)

// The default limits of Throttle. Strangers together get 82 guesses at an account
// in the first day and 72 in each one after.
var (
	DefaultAccountLimit = throttle.Limit{Burst: 10, Every: 20 * time.Minute}
	DefaultDeviceLimit  = throttle.Limit{Burst: 10, Every: 5 * time.Minute}
	DefaultAddressLimit = throttle.Limit{Burst: 50, Every: 6 * time.Second}
)

// Throttle says how often passwords may be guessed. A guess costs one attempt of
// the client's address and one of the account. One from a browser that signed in
// to this account before (see SetDeviceCookie) costs one attempt of that device
// alone, so that no unknown client can lock out the owner. A login makes the budget
// of the account or device whole and gives the address its attempt back; so does
// Unlock, without a login.
//
// The attempts are taken before any hashing, and alike for accounts that do not
// exist: an account is what the database takes for one username, be there a user or
// not. The address is that of middleware.ClientIP, an IPv6 address by its
// network of 64 bits; where it is not known, only the account counts.
type Throttle struct {
	// Store keeps the budgets: database.DB.Throttle, throttle.NewMemory or one of
	// package throttle/redis. Nil switches throttling off.
	Store throttle.Store
	// Account is for guesses at one account by unknown clients; DefaultAccountLimit when
	// zero.
	Account throttle.Limit
	// Device is for guesses at one account from a browser that it knows;
	// DefaultDeviceLimit when zero.
	Device throttle.Limit
	// Address is for guesses from one address at whatever account;
	// DefaultAddressLimit when zero.
	Address throttle.Limit
	// CookieSecure sends the device cookie over HTTPS only, as the session cookie's
	// setting says.
	CookieSecure bool
}

// check fills in the defaults.
func (t *Throttle) check() error {
	for _, l := range []struct {
		name     string
		limit    *throttle.Limit
		fallback throttle.Limit
	}{
		{"Account", &t.Account, DefaultAccountLimit}, {"Device", &t.Device, DefaultDeviceLimit}, {"Address", &t.Address, DefaultAddressLimit},
	} {
		if *l.limit == (throttle.Limit{}) {
			*l.limit = l.fallback
		}
		if err := l.limit.Check(); err != nil {
			return fmt.Errorf("auth: Config.Throttle.%s: %w", l.name, err)
		}
	}
	return nil
}

// ErrThrottled is what every ThrottledError is.
var ErrThrottled = errors.New("auth: too many attempts")

// ThrottledError: there were too many attempts, and nothing was looked at. It is
// to be answered with 429, Retry-After and its Message, as middleware.Fail does.
type ThrottledError struct {
	// RetryAfter is how long it is until there is an attempt again.
	RetryAfter time.Duration
}

// Error tells the time to wait.
func (e *ThrottledError) Error() string {
	return fmt.Sprintf("%v; again in %v", ErrThrottled, e.RetryAfter)
}

// Is reports whether target is ErrThrottled.
func (e *ThrottledError) Is(target error) bool { return target == ErrThrottled }

// Seconds is RetryAfter in whole seconds, rounded up, for the header Retry-After.
func (e *ThrottledError) Seconds() int { return max(1, ceil(e.RetryAfter, time.Second)) }

// Message is the sentence for the visitor.
func (e *ThrottledError) Message() string { return e.MessageIn(nil) }

// MessageIn is the message in another language.
func (e *ThrottledError) MessageIn(t *i18n.Translator) string {
	switch n := e.Seconds(); {
	case n > 2*60*60:
		return t.N("Too many attempts. Please try again in %(n)d hour.", "Too many attempts. Please try again in %(n)d hours.",
			ceil(e.RetryAfter, time.Hour))
	case n >= 60:
		return t.N("Too many attempts. Please try again in %(n)d minute.", "Too many attempts. Please try again in %(n)d minutes.",
			ceil(e.RetryAfter, time.Minute))
	default:
		return t.N("Too many attempts. Please try again in %(n)d second.", "Too many attempts. Please try again in %(n)d seconds.", n)
	}
}

func ceil(d, unit time.Duration) int { return int((d + unit - 1) / unit) }

// budget is what an attempt is taken from; none where the name is empty.
type budget struct {
	name  string
	limit throttle.Limit
	owner string // the ID of the user whose login makes it whole; "" for whoever logs in
}

// guess is what one guess of a password was taken from.
type guess struct {
	address  budget
	accounts []budget
	deviceOf string // the ID of the user who knows the browser that it came from
	user     string // the ID of the user whom it is meant for, or empty
}

// all are the budgets of a guess.
func (g *guess) all() []budget { return append([]budget{g.address}, g.accounts...) }

// reserve takes the attempts that these credentials cost. The error is a
// ThrottledError, or a failure of a store: nothing may be looked at then.
func (s *Service) reserve(ctx context.Context, c Credentials) (guess, error) {
	accounts, user, err := s.identify(ctx, c.Username)
	if err != nil {
		return guess{}, err
	}
	g := guess{user: idOf(user)}
	nonce, known := s.device(c.Request, user)
	switch {
	case known:
		g.deviceOf = user.ID
		g.accounts = []budget{{s.names.Name("device", "id:"+user.ID+":"+nonce), s.throttle.Device, user.ID}}
	case c.Username == "" && len(c.Extra) > 0: // a backend of the program's own knows whose they are
		g.address = s.addressBudget("address", c.Request)
	default:
		g.address = s.addressBudget("address", c.Request)
		for _, a := range accounts {
			g.accounts = append(g.accounts, budget{s.names.Name("account", a.key), s.throttle.Account, a.owner})
		}
	}
	return g, s.take(ctx, g.all()...)
}

// addressBudget is the one of the client's address, or none where nobody knows it.
func (s *Service) addressBudget(kind string, r *http.Request) budget {
	if r == nil {
		return budget{}
	}
	address := throttle.Address(requestinfo.Client(r))
	if address == "" {
		return budget{}
	}
	return budget{name: s.names.Name(kind, address), limit: s.throttle.Address}
}

// take takes one attempt of each budget, or of none.
func (s *Service) take(ctx context.Context, all ...budget) error {
	for i, b := range all {
		if b.name == "" {
			continue
		}
		wait, err := s.throttle.Store.Take(ctx, b.name, b.limit)
		if err == nil && wait <= 0 {
			continue
		}
		s.give(ctx, all[:i]...)
		if err != nil {
			flow.Report(ctx, flow.View, "attempts could not be counted", "error", err)
			return fmt.Errorf("auth: throttle: %w", err)
		}
		flow.Report(ctx, flow.View, "refused: too many attempts", "again in", wait)
		return &ThrottledError{wait}
	}
	return nil
}

// settleTimeout bounds what is done after a guess, which goes on when the client
// is gone.
const settleTimeout = 5 * time.Second

// settle gives back what a guess cost that was right, or that was none because
// hashing had no place. The login of a user makes whole what is that user's alone;
// of an account that the same text may open as well, it gives back the attempt. That
// it fails keeps nobody out who is in.
func (s *Service) settle(ctx context.Context, g guess, user *User, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	switch {
	case err == nil:
		s.give(ctx, g.address)
		for _, b := range g.accounts {
			if b.owner == "" || b.owner == user.ID {
				s.warn(ctx, s.reset(ctx, b.name))
			} else {
				s.give(ctx, b)
			}
		}
	case errors.Is(err, password.ErrBusy) && s.oneHasher:
		s.give(ctx, g.all()...)
	}
}

func (s *Service) give(ctx context.Context, all ...budget) {
	for _, b := range all {
		if b.name != "" {
			s.warn(ctx, s.throttle.Store.Give(ctx, b.name, b.limit))
		}
	}
}

func (s *Service) warn(ctx context.Context, err error) {
	if err != nil {
		s.log.WarnContext(ctx, "an attempt could not be given back", "error", err)
	}
}

// Allow takes an attempt of something else than a login that strangers may do, by
// the limits of Config.Throttle: one of the client's address by Address, and one
// of the identity by Account, unless that is empty. The kind names what it is,
// such as "signup", and each kind has budgets of its own; it has no colon. An
// identity counts as SameEmail compares. The error is a ThrottledError, or an
// outage; nil where throttling is off.
func (s *Service) Allow(r *http.Request, kind, identity string) error {
	if s.throttle.Store == nil {
		return nil
	}
	if strings.Contains(kind, ":") {
		return fmt.Errorf("auth: Allow: the kind %q has a colon", kind)
	}
	account := budget{}
	if identity != "" {
		account = budget{name: s.names.Name(kind+" account", foldBounded(identity)), limit: s.throttle.Account}
	}
	err := s.take(r.Context(), s.addressBudget(kind+" address", r), account)
	if errors.Is(err, ErrThrottled) {
		s.log.InfoContext(r.Context(), "too many attempts", "kind", kind, client(r))
	}
	return err
}
