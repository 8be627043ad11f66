package attempts

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/throttle"
)

// The kinds of auth.Service.Allow that the account pages use.
const (
	KindSignup = "signup" // making accounts
	KindReset  = "reset"  // asking for a link to a new password
	KindEmail  = "email"  // asking for a link to a new email address
	KindCheck  = "check"  // asking what is said against a new password
)

// Budget is what an attempt is taken from; none where it is zero.
type Budget struct {
	name  string
	limit throttle.Limit
	whose flow.Code // what the flow is told where it is used up
	// Owner is the ID of the user whose login restores it, or empty where that of
	// anybody does.
	Owner string
}

// What the flow is told of a budget that is used up.
const (
	refusedAccount = "throttle.refused_account"
	refusedAddress = "throttle.refused_address"
	refusedDevice  = "throttle.refused_device"
)

// Counter counts attempts. It is safe for concurrent use.
type Counter struct {
	config Config
	names  *throttle.Names
	log    *slog.Logger
}

// New checks the configuration. The secret key hides the names of the budgets in the
// store; a nil log is slog.Default().
func New(c Config, secretKey string, log *slog.Logger) (*Counter, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.Default()
	}
	return &Counter{config: c, names: throttle.NewNames(secretKey), log: log}, nil
}

// Off reports whether nothing is counted.
func (c *Counter) Off() bool { return c.config.Store == nil }

// Account returns the budget of guesses at an account, by a key that stands for all
// spellings of its name.
func (c *Counter) Account(key, owner string) Budget {
	name := c.names.Name("account", key)
	return Budget{name, c.config.Account, refusedAccount, owner}
}

// Device returns the budget of guesses from a browser that the user's account knows.
func (c *Counter) Device(nonce, userID string) Budget {
	name := c.names.Name("device", "id:"+userID+":"+nonce)
	return Budget{name, c.config.Device, refusedDevice, userID}
}

// Code returns the budget of guesses at the codes of a user: by a browser that the user's account
// knows, whose nonce is not empty, or by all others. A right password does not restore it, since
// those who guess codes know the password.
func (c *Counter) Code(nonce, userID string) Budget {
	if nonce != "" {
		name := c.names.Name("code device", "id:"+userID+":"+nonce)
		return Budget{name, c.config.Device, refusedDevice, userID}
	}
	return Budget{c.names.Name("code account", "id:"+userID), c.config.Account, refusedAccount, userID}
}

// Client returns the budget of the address that a request came from, or none if nobody
// knows it. It is for guesses if the kind is empty.
func (c *Counter) Client(kind string, r *http.Request) Budget {
	if r == nil {
		return Budget{}
	}
	return c.Address(kind, requestinfo.Client(r))
}

// Address returns the budget of a client's address, or none if it is not valid.
func (c *Counter) Address(kind string, address netip.Addr) Budget {
	text := throttle.Address(address)
	if text == "" {
		return Budget{}
	}
	return Budget{c.names.Name(prefix(kind)+"address", text), c.config.Address, refusedAddress, ""}
}

// Identity returns the budget of what somebody asks for of a kind other than a guess.
func (c *Counter) Identity(kind, identity string) Budget {
	return Budget{c.names.Name(prefix(kind)+"account", identity), c.config.Account, refusedAccount, ""}
}

func prefix(kind string) string {
	if kind == "" {
		return ""
	}
	return kind + " "
}

// Take uses one attempt of each budget, or of none. The error is a ThrottledError, or a
// failure of the store.
func (c *Counter) Take(ctx context.Context, all ...Budget) error {
	timer, taken := flow.Start(ctx), 0
	for i, b := range all {
		if b.name == "" {
			continue
		}
		wait, err := c.config.Store.Take(flow.Within(ctx, "throttle"), b.name, b.limit)
		if err == nil && wait <= 0 {
			taken++
			continue
		}
		c.Give(ctx, all[:i]...)
		if err != nil {
			timer.Emit(ctx, "throttle.failed", slog.Any("error", err))
			return fmt.Errorf("attempts: %w", err)
		}
		timer.Emit(ctx, b.whose, slog.Duration("wait", wait))
		return &ThrottledError{RetryAfter: wait, Code: b.whose}
	}
	if taken > 0 {
		timer.Emit(ctx, "throttle.passed", slog.Int("budgets", taken))
	}
	return nil
}

// Give returns an attempt of each budget back. A failure is logged: it keeps nobody out who
// is in.
func (c *Counter) Give(ctx context.Context, all ...Budget) {
	for _, b := range all {
		if b.name != "" {
			c.warn(ctx, c.config.Store.Give(flow.Within(ctx, "throttle"), b.name, b.limit))
		}
	}
}

// Settle restores the budgets of a right guess that are the user's alone, and gives the
// attempt of the others back.
func (c *Counter) Settle(ctx context.Context, userID string, all ...Budget) {
	for _, b := range all {
		if b.Owner == "" || b.Owner == userID {
			c.warn(ctx, c.Reset(ctx, b))
		} else {
			c.Give(ctx, b)
		}
	}
}

// Reset creates budgets whole.
func (c *Counter) Reset(ctx context.Context, all ...Budget) error {
	for _, b := range all {
		if b.name == "" {
			continue
		}
		if err := c.config.Store.Reset(flow.Within(ctx, "throttle"), b.name); err != nil {
			return fmt.Errorf("attempts: %w", err)
		}
	}
	return nil
}

func (c *Counter) warn(ctx context.Context, err error) {
	if err != nil {
		c.log.WarnContext(ctx, "an attempt could not be given back", "error", err)
	}
}
