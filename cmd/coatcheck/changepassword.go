package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/console"
)

// changepasswordCommand sets a user's password (Django: changepassword).
type changepasswordCommand struct {
	Username string        `arg:"" optional:"" help:"Whose password; by default that of the user of this system."`
	Database databaseFlags `embed:""`
	Password passwordFlags `embed:""`
	Attempts attemptFlags  `embed:""`
	Audit    auditFlag     `embed:""`
}

// maxTries is how often two passwords may differ, or be refused.
const maxTries = 3

// Run asks for the new password twice. Where the input is no terminal it reads
// two lines of it.
func (c *changepasswordCommand) Run(ctx context.Context, con *console.Console) (err error) {
	db, err := c.Database.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	accounts, err := c.Password.accounts(db, &c.Audit)
	if err != nil {
		return err
	}
	if err := warnUnapplied(ctx, con, db); err != nil {
		return err
	}
	name := c.Username
	if name == "" {
		name = systemUsername()
	}
	user, err := accounts.UserByUsername(ctx, name)
	if errors.Is(err, auth.ErrNoUser) {
		return fmt.Errorf("user '%s' does not exist", name)
	}
	if err != nil {
		return err
	}
	con.Say(fmt.Sprintf("Changing password for user '%s'", user))
	raw, err := newPassword(ctx, con, accounts, user)
	if err != nil {
		return err
	}
	c.Audit.warn(con, db)
	if err := accounts.SetPassword(ctx, user, raw); err != nil {
		return err
	}
	con.Say(fmt.Sprintf("Password changed successfully for user '%s'", user))
	if c.Attempts.Store.Kind != "off" {
		c.unlock(ctx, con, db, user)
	}
	return nil
}

// unlock lets the user in with the new password at once, whatever was guessed before.
// If it cannot, it prints so and does not fail: the password is changed.
func (c *changepasswordCommand) unlock(
	ctx context.Context, con *console.Console, db *database.DB, user *auth.User,
) {
	service, err := c.Attempts.unlocker(ctx, db, c.Database.folder(), &c.Audit)
	if err == nil {
		err = service.Unlock(ctx, user)
	}
	if err != nil {
		fmt.Fprintf(con.Err, "The account was not unlocked: %v. "+
			"If it is locked, that ends by itself, or by coatcheck unlock.\n", err)
		return
	}
	con.Say(fmt.Sprintf("Unlocked user '%s'", user))
}

// newPassword asks for a password until it is typed the same twice and is good.
func newPassword(
	ctx context.Context, con *console.Console, accounts *auth.Service, user *auth.User,
) (string, error) {
	for range maxTries {
		first, second, err := askTwice(ctx, con)
		if err != nil {
			return "", err
		}
		if first != second {
			con.Say("Passwords do not match. Please try again.")
			continue
		}
		if good, err := judge(ctx, con, accounts, first, user); good || err != nil {
			return first, err
		}
	}
	return "", fmt.Errorf("aborting password change for user '%s' after %d attempts", user, maxTries)
}

// askTwice asks for a password and for the same again.
func askTwice(ctx context.Context, con *console.Console) (first, second string, err error) {
	var typed [2]string
	for i, prompt := range [...]string{"Password: ", "Password (again): "} {
		raw, err := con.AskSecret(ctx, prompt)
		if err != nil {
			return "", "", err
		}
		if raw == "" {
			return "", "", errors.New("aborted")
		}
		typed[i] = raw
	}
	return typed[0], typed[1], nil
}
