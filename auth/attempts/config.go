package attempts

import (
	"fmt"
	"time"

	"github.com/coatcheck/coatcheck/throttle"
)

// The default limits of Config. Unknown clients together get 82 guesses at an account
// in the first day and 72 in each one after.
var (
	DefaultAccountLimit = throttle.Limit{Burst: 10, Every: 20 * time.Minute}
	DefaultDeviceLimit  = throttle.Limit{Burst: 10, Every: 5 * time.Minute}
	DefaultAddressLimit = throttle.Limit{Burst: 50, Every: 6 * time.Second}
)

// Config specifies how often passwords may be guessed. A guess costs one attempt of
// the client's address and one of the account. One from a browser that signed in
// to this account before (see auth.Service.SetDeviceCookie) costs one attempt of that device
// alone, so that no unknown client can lock out the owner. A login makes the budget
// of the account or device whole and gives the address its attempt back; so does
// auth.Service.Unlock, without a login.
//
// The attempts are taken before any hashing, and alike for accounts that do not
// exist: an account is what the database takes for one username, be there a user or
// not. The address is that of middleware.ClientIP, an IPv6 address by its
// network of 64 bits; where it is not known, only the account counts.
type Config struct {
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
func (c *Config) check() error {
	for _, l := range []struct {
		name     string
		limit    *throttle.Limit
		fallback throttle.Limit
	}{
		{"Account", &c.Account, DefaultAccountLimit}, {"Device", &c.Device, DefaultDeviceLimit}, {"Address", &c.Address, DefaultAddressLimit},
	} {
		if *l.limit == (throttle.Limit{}) {
			*l.limit = l.fallback
		}
		if err := l.limit.Check(); err != nil {
			return fmt.Errorf("attempts: the limit %s: %w", l.name, err)
		}
	}
	return nil
}
