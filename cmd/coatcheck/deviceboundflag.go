package main

import (
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts/devicebound"
)

// deviceBoundFlag is about sessions that are bound to devices.
type deviceBoundFlag struct {
	Life time.Duration `group:"users" name:"device-bound" default:"10m" help:"Over HTTPS, bind sessions to a key of the device where the browser can do that (Device Bound Session Credentials), and let it prove the key this often: so long a stolen session is worth something. Much less than 10m makes browsers give up; 0 binds none, and lets those that are bound go on without."`
}

// apply configures the site.
func (f *deviceBoundFlag) apply(c *coatcheck.Config) {
	if f.Life != 0 {
		c.Views.Extras = append(c.Views.Extras, devicebound.New(devicebound.Options{Life: f.Life}))
	}
}
