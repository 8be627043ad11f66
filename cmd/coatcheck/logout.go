package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/internal/console"
)

// logoutCommand ends the sessions of a user.
type logoutCommand struct {
	Username string        `arg:"" help:"Whose sessions."`
	ID       string        `name:"id" env:"-" placeholder:"ID" help:"End this one alone; the beginning that sessions shows will do. All by default."`
	Site     signedInFlags `embed:""`
}

// Run ends them, and says how many.
func (c *logoutCommand) Run(ctx context.Context, con *console.Console) error {
	if c.ID != "" && len(c.ID) < shortID {
		return usageError{fmt.Errorf("--id %q is too short; give %d characters at least, as coatcheck "+
			"sessions shows them", c.ID, shortID)}
	}
	return c.Site.signedIn(ctx, con, c.Username, func(site *coatcheck.Site, user *auth.User) error {
		ended, err := c.end(ctx, con, site, user)
		if err != nil {
			return err
		}
		con.Say(fmt.Sprintf("Ended %s of user '%s'", countSessions(ended), user))
		return nil
	})
}

func (c *logoutCommand) end(
	ctx context.Context, con *console.Console, site *coatcheck.Site, user *auth.User,
) (int, error) {
	if c.ID == "" {
		return site.Accounts.EndSessions(ctx, user, progress(con))
	}
	if err := site.Accounts.Adopt(ctx); err != nil { // so that one of a Django can be ended too
		return 0, err
	}
	all, err := list(ctx, con, site, user)
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

// progressEvery is after how many sessions a walk through all of them says where it is.
const progressEvery = 100_000

// progress reports now and then how many sessions were looked at.
func progress(con *console.Console) func(looked int) {
	return func(looked int) {
		if looked%progressEvery == 0 {
			fmt.Fprintf(con.Err, "Looked at %d sessions\n", looked)
		}
	}
}
