package main

import (
	"context"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth/twofactor"
)

// factorFlags say who must have a second factor.
type factorFlags struct {
	Require twofactor.Require `group:"passwords" name:"require-factor" enum:"none,staff,all" default:"none" help:"Who must log in with a code too, by an authenticator app: ${enum}. Users who have no app add one at their next login; others may add one."`
	Groups  []string          `group:"passwords" name:"require-factor-group" sep:"none" placeholder:"NAME" help:"A group whose members must log in with a code too, whatever --require-factor says of the others; may be repeated."`
	Recent  time.Duration     `group:"passwords" name:"recent-proof" default:"5m" placeholder:"AGE" help:"How old the last login may be, or the last proof since, where users change how they sign in, such as their passkeys; older, they confirm by password, passkey or code that it is them. 0 never asks."`
	Days    int               `group:"passwords" name:"trust-device-days" default:"0" placeholder:"DAYS" help:"For how many days a login asks for no code on a device where the user ticks a box; 0 asks every time."`
}

// apply configures the site.
func (f *factorFlags) apply(c *coatcheck.Config) error {
	days := max(-1, min(f.Days, 10_000)) // what is more is refused, and must not overflow
	c.Logins.TwoFactor = twofactor.Options{
		Require: f.Require, RequireGroups: f.Groups, TrustDevices: time.Duration(days) * 24 * time.Hour,
	}
	recent, err := span("recent-proof", f.Recent.Seconds(), 0)
	if c.Views.RecentProof = recent; recent == 0 {
		c.Views.RecentProof = -1 // which never asks
	}
	return err
}

// checkFactorGroups refuses groups that the database lacks.
func checkFactorGroups(ctx context.Context, site *coatcheck.Site) error {
	if site.TwoFactor == nil {
		return nil
	}
	return site.TwoFactor.CheckGroups(ctx)
}
