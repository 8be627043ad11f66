package main

import "github.com/coatcheck/coatcheck"

// loginFlags say which logins of a Django site count, and who may log in here.
type loginFlags struct {
	Backends []string `group:"users" name:"authentication-backend" placeholder:"PATH" help:"Dotted path of a backend of the Django site, such as mysite.auth.EmailBackend; sessions of each are accepted. May be repeated; django.contrib.auth.backends.ModelBackend alone by default (AUTHENTICATION_BACKENDS)."`
}

// apply configures the site.
func (f *loginFlags) apply(c *coatcheck.Config) { c.BackendPaths = f.Backends }
