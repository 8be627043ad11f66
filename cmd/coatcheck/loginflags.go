package main

import (
	"context"
	"fmt"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/identity"
)

// loginFlags say which logins of a Django site count, and who may log in here.
type loginFlags struct {
	Backends     []string         `group:"users" name:"authentication-backend" placeholder:"PATH" help:"Dotted path of a backend of the Django site, such as mysite.auth.EmailBackend; sessions of each are accepted. May be repeated; django.contrib.auth.backends.ModelBackend alone by default (AUTHENTICATION_BACKENDS)."`
	LoginBy      identity.LoginBy `group:"users" name:"login-by" enum:"username,email,either" default:"username" help:"What users type to log in: ${enum}. An address opens an account only if it is the address of exactly one active account, and not the username of another."`
	RefuseIf     []string         `group:"users" name:"refuse-login-if" placeholder:"TABLE.COLUMN[:FLAG]" help:"Let nobody log in here who has a row in that table of the database, such as mfa_authenticator.user_id; with :FLAG a row whose column FLAG is true. May be repeated. Sessions of the Django site are accepted all the same."`
	RefuseUnless []string         `group:"users" name:"refuse-login-unless" placeholder:"TABLE.COLUMN[:FLAG]" help:"Let nobody log in here who has no such row, as in account_emailaddress.user_id:verified. May be repeated."`
}

// checkConditions refuses conditions whose tables or columns the database lacks.
func checkConditions(ctx context.Context, db *database.DB, conditions []database.LoginCondition) error {
	if err := db.CheckLoginConditions(ctx, conditions); err != nil {
		return fmt.Errorf("--refuse-login-if, --refuse-login-unless: %w", err)
	}
	return nil
}

// apply configures the site.
func (f *loginFlags) apply(c *coatcheck.Config) error {
	c.Logins.BackendPaths, c.Logins.By = f.Backends, f.LoginBy
	for _, group := range []struct {
		flag   string
		texts  []string
		unless bool
	}{{"--refuse-login-if", f.RefuseIf, false}, {"--refuse-login-unless", f.RefuseUnless, true}} {
		for _, text := range group.texts {
			condition, err := database.ParseLoginCondition(text, group.unless)
			if err != nil {
				return usageError{fmt.Errorf("%s: %w", group.flag, err)}
			}
			c.Logins.Conditions = append(c.Logins.Conditions, condition)
		}
	}
	return nil
}
