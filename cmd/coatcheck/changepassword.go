package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/coatcheck/coatcheck/auth"
)

// changepasswordCommand sets a user's password (Django: changepassword).
type changepasswordCommand struct {
	Username string `arg:"" optional:"" help:"Whose password; by default that of the user of this system."`
	databaseFlags
	passwordFlags
}

// maxTries is how often two passwords may differ.
const maxTries = 3

// Run asks for the new password twice. Where the input is no terminal it reads
// two lines of it.
func (c *changepasswordCommand) Run(ctx context.Context, con *console) (err error) {
	db, err := c.open(ctx, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	accounts, err := c.accounts(db)
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
	con.say(fmt.Sprintf("Changing password for user '%s'", user))
	raw, err := askTwice(ctx, con, user)
	if err != nil {
		return err
	}
	if err := accounts.SetPassword(ctx, user, raw); err != nil {
		return err
	}
	con.say(fmt.Sprintf("Password changed successfully for user '%s'", user))
	return nil
}

// askTwice asks for a password until it is typed the same twice.
func askTwice(ctx context.Context, con *console, user *auth.User) (string, error) {
	for range maxTries {
		var typed [2]string
		for i, prompt := range [...]string{"Password: ", "Password (again): "} {
			raw, err := con.askSecret(ctx, prompt)
			if err != nil {
				return "", err
			}
			if raw == "" {
				return "", errors.New("aborted")
			}
			typed[i] = raw
		}
		if typed[0] == typed[1] {
			return typed[0], nil
		}
		con.say("Passwords do not match. Please try again.")
	}
	return "", sentence(fmt.Sprintf("Aborting password change for user '%s' after %d attempts", user, maxTries))
}
