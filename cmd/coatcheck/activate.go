package main

import (
	"context"
	"fmt"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/internal/console"
)

// deactivateCommand deactivates a user.
type deactivateCommand struct {
	Username string        `arg:"" help:"Who may not sign in any more."`
	Site     signedInFlags `embed:""`
}

// Run ends all sessions and links of the user too, so that none is valid again when the
// user is active again.
func (c *deactivateCommand) Run(ctx context.Context, con *console.Console) error {
	return c.Site.signedIn(ctx, con, c.Username, func(site *coatcheck.Site, user *auth.User) error {
		if !user.IsActive {
			return fmt.Errorf("user '%s' is inactive already", user)
		}
		ended, err := site.Accounts.Deactivate(ctx, user, progress(con))
		if err != nil {
			return err
		}
		con.Say(fmt.Sprintf("User '%s' is inactive; ended %s", user, countSessions(ended)))
		return nil
	})
}

// activateCommand activates a user again.
type activateCommand struct {
	Username string        `arg:"" help:"Who may sign in again."`
	Site     signedInFlags `embed:""`
}

// Run prints what it did. It signs nobody in.
func (c *activateCommand) Run(ctx context.Context, con *console.Console) error {
	return c.Site.signedIn(ctx, con, c.Username, func(site *coatcheck.Site, user *auth.User) error {
		if user.IsActive {
			return fmt.Errorf("user '%s' is active already", user)
		}
		if err := site.Accounts.Activate(ctx, user); err != nil {
			return err
		}
		con.Say(fmt.Sprintf("User '%s' is active again", user))
		return nil
	})
}

// countSessions reports how many there were.
func countSessions(n int) string {
	if n == 1 {
		return "1 session"
	}
	return fmt.Sprintf("%d sessions", n)
}
