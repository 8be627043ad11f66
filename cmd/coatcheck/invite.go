package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/internal/console"
	"github.com/coatcheck/coatcheck/mail"
)

// inviteCommand creates an invitation to a site whose accounts are made by one.
type inviteCommand struct {
	Email    string        `arg:"" optional:"" help:"Whom to send the invitation by email; serve sends it. It is then for this address alone."`
	BaseURL  string        `name:"base-url" placeholder:"URL" help:"Where the site is for its visitors, as that of serve; needed."`
	Mount    mountFlag     `embed:""`
	Database databaseFlags `embed:""`
	Secret   secretFlags   `embed:""`
	Audit    auditFlag     `embed:""`
}

// Run prints the link, and queues the email where there is an address.
func (c *inviteCommand) Run(ctx context.Context, con *console.Console) (err error) {
	if c.BaseURL == "" {
		return usageError{errors.New("--base-url is not set; the link needs to know where the site is: " +
			"https://www.example.com for instance")}
	}
	email, err := identity.CleanEmail(c.Email)
	if email != "" && mail.CheckAddress(email) != nil {
		err = identity.ErrInvalidEmail
	}
	if err != nil {
		return usageError{fmt.Errorf("%q is no email address; write it as in ada@example.com", c.Email)}
	}
	db, err := c.Database.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := own.Missing(db, accounts.Tables()...); err != nil {
		return err
	}
	if c.Secret.absent(c.Database.folder()) {
		return errors.New("there is no secret key, without which serve cannot read the invitation; run " +
			"this where serve finds it, or name it by --secret-key-file")
	}
	key, err := c.Secret.load(c.Database.folder(), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	c.Audit.warn(con, db)
	link, err := c.invite(ctx, db, key, email)
	if err != nil {
		return err
	}
	con.Say(link)
	if email != "" {
		fmt.Fprintf(con.Err, "The email to %s waits to be sent by serve.\n", email)
	}
	return nil
}

// invite creates the link.
func (c *inviteCommand) invite(
	ctx context.Context, db *database.DB, key secret, email string,
) (string, error) {
	config := coatcheck.Config{
		Database: db,
		Keys:     key.keys(false),
		Site:     coatcheck.SiteOptions{Logger: slog.New(slog.DiscardHandler), ScriptName: c.Mount.Path},
	}
	if err := c.Audit.apply(&config); err != nil {
		return "", err
	}
	config.Accounts.Mail, config.Site.BaseURL = queueOnly{}, c.BaseURL
	site, err := coatcheck.New(config)
	if err != nil {
		return "", err
	}
	return site.Accounts.Invite(ctx, email, "")
}

// queueOnly is a sender for a program that queues emails and sends none.
type queueOnly struct{}

// Send is never called.
func (queueOnly) Send(context.Context, mail.Message) error {
	return errors.New("emails are sent by serve")
}
