package main

import (
	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts/passkeys"
)

// passkeyFlags say for which domain passkeys are made.
type passkeyFlags struct {
	Off     bool     `group:"users" name:"no-passkeys" help:"Offer no passkeys, and accept none."`
	RPID    string   `group:"users" name:"passkey-rp-id" placeholder:"DOMAIN" help:"Domain for which passkeys are made, such as example.com for the site at www.example.com; the host of the site by default. Passkeys of another domain do not work any more."`
	Origins []string `group:"users" name:"passkey-origin" placeholder:"ORIGIN" help:"Another site, https://www.example.org, at which the passkeys of --passkey-rp-id work too; may be repeated. /.well-known/webauthn lists them."`
}

// apply configures the site.
func (f *passkeyFlags) apply(c *coatcheck.Config) {
	if !f.Off {
		options := passkeys.Options{RPID: f.RPID, Origins: f.Origins}
		c.Views.Extras = append(c.Views.Extras, passkeys.New(options))
	}
}
