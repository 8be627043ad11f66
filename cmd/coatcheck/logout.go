package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
)

// logoutCommand ends the sessions of a user.
type logoutCommand struct {
	Username string `arg:"" help:"Whose sessions."`
	ID       string `name:"id" env:"-" placeholder:"ID" help:"End this one alone; the beginning that sessions shows will do. All by default."`
	signedInFlags
}

// Run ends them, and says how many.
func (c *logoutCommand) Run(ctx context.Context, con *console) error {
	if c.ID != "" && len(c.ID) < shortID {
		return usageError{fmt.Errorf("--id %q is too short; give %d characters at least, as coatcheck sessions shows them", c.ID, shortID)}
	}
	return c.signedIn(ctx, con, c.Username, func(site *coatcheck.Site, user *auth.User) error {
		ended, err := c.end(ctx, site, user)
		if err != nil {
			return err
		}
		sessions := "sessions"
		if ended == 1 {
			sessions = "session"
		}
		con.say(fmt.Sprintf("Ended %d %s of user '%s'", ended, sessions, user))
		return nil
	})
}

func (c *logoutCommand) end(ctx context.Context, site *coatcheck.Site, user *auth.User) (int, error) {
	if c.ID == "" {
		return site.Accounts.EndOtherSessions(ctx, user, "")
	}
	all, err := site.Accounts.Sessions(ctx, user, "")
	if err != nil {
		return 0, err
	}
	id := ""
	for _, s := range all {
		if !strings.HasPrefix(s.ID, c.ID) {
			continue
		}
		if id != "" {
			return 0, usageError{fmt.Errorf("--id %s begins several sessions; give more of it", c.ID)}
		}
		id = s.ID
	}
	if id == "" {
		return 0, fmt.Errorf("user '%s' has no session %s", user, c.ID)
	}
	return 1, site.Accounts.EndSession(ctx, user, id)
}
