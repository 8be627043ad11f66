package main

import (
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth/twofactor"
)

// factorFlags say who must have a second factor.
type factorFlags struct {
	Require twofactor.Require `group:"passwords" name:"require-factor" enum:"none,staff,all" default:"none" help:"Who must log in with a code too, by an authenticator app: ${enum}. Users who have no app add one at their next login; others may add one."`
	Recent  time.Duration     `group:"passwords" name:"recent-proof" default:"5m" placeholder:"AGE" help:"How old the last login may be, or the last proof since, where users change how they sign in, such as their passkeys; older, they confirm by password, passkey or code that it is them. 0 never asks."`
	Days    int               `group:"passwords" name:"trust-device-days" default:"0" placeholder:"DAYS" help:"For how many days a login asks for no code on a device where the user ticks a box; 0 asks every time."`
}

// apply configures the site.
func (f *factorFlags) apply(c *coatcheck.Config) {
	days := max(-1, min(f.Days, 10_000)) // what is more is refused, and must not overflow
	c.Logins.TwoFactor = twofactor.Options{
		Require: f.Require, TrustDevices: time.Duration(days) * 24 * time.Hour,
	}
}
