package main

import (
	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/throttle"
)

// throttleStoreFlags say where attempts to log in are counted.
type throttleStoreFlags struct {
	Kind string `group:"throttle" name:"throttle" enum:"auto,memory,off" default:"auto" help:"Where attempts to log in are counted: ${enum}. auto is the database, or the memory of this process where the database has no table for it."`
}

// throttleFlags say how often passwords may be guessed.
type throttleFlags struct {
	Store   throttleStoreFlags `embed:""`
	Account throttle.Limit     `group:"throttle" name:"throttle-account" default:"${throttle_account}" help:"Guesses at one account by unknown clients: so many at once, then one each so often."`
	Device  throttle.Limit     `group:"throttle" name:"throttle-device" default:"${throttle_device}" help:"Guesses at one account from a browser that it has signed in from."`
	Address throttle.Limit     `group:"throttle" name:"throttle-address" default:"${throttle_address}" help:"Guesses from one address (IPv6: one network of 64 bits) at whatever account."`
}

// apply configures the site.
func (f *throttleFlags) apply(c *coatcheck.Config) {
	limits := &c.Logins.Throttle
	limits.Account, limits.Device, limits.Address = f.Account, f.Device, f.Address
	switch f.Store.Kind {
	case "off":
		c.Logins.ThrottleOff = true
	case "memory":
		c.Logins.Throttle.Store = throttle.NewMemory(0)
	}
}
