package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/console"
)

// userCommand has the commands about one user.
type userCommand struct {
	Factors userFactorsCommand `cmd:"" help:"List the second factors and passkeys of a user, and remove one."`
}

// appID is the ID of the authenticator app of a user.
const appID = "app"

// userFactorsCommand lists the second factors and passkeys of a user.
type userFactorsCommand struct {
	Username string        `arg:"" help:"Whose factors."`
	Remove   string        `name:"remove" env:"-" placeholder:"ID" help:"Remove this one, so that the user can log in without it. The user is told by email where --base-url is set."`
	BaseURL  string        `name:"base-url" placeholder:"URL" help:"Where the site is for its visitors, as that of serve; for the email."`
	Mount    mountFlag     `embed:""`
	Database databaseFlags `embed:""`
	Secret   secretFlags   `embed:""`
}

// Run lists or removes them, and says so.
func (c *userFactorsCommand) Run(ctx context.Context, con *console.Console) (err error) {
	if c.Secret.absent(c.Database.folder()) {
		return errors.New("there is no secret key; run this where serve finds it, or name it by " +
			"--secret-key-file")
	}
	log := slog.New(slog.DiscardHandler)
	key, err := c.Secret.load(c.Database.folder(), log)
	if err != nil {
		return err
	}
	db, err := c.Database.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := own.Missing(db, own.TOTPTable, own.RecoveryTable); err != nil {
		return err
	}
	config := coatcheck.Config{
		Database: db, Keys: key.keys(false),
		Site: coatcheck.SiteOptions{Logger: log, ScriptName: c.Mount.Path},
	}
	if c.BaseURL != "" {
		config.Accounts.Mail, config.Site.BaseURL = queueOnly{}, c.BaseURL
	}
	site, err := coatcheck.New(config)
	if err != nil {
		return err
	}
	user, err := site.Auth.UserByUsername(ctx, c.Username)
	if errors.Is(err, auth.ErrNoUser) {
		return fmt.Errorf("user '%s' does not exist", c.Username)
	}
	if err != nil {
		return err
	}
	keys, err := passkeysOf(ctx, site, user)
	switch {
	case err != nil:
		return err
	case c.Remove == "":
		return c.list(ctx, con, site, user, keys)
	}
	warnUnrecorded(con, db)
	if c.Remove == appID {
		return c.remove(ctx, con, site, user)
	}
	return c.removePasskey(ctx, con, site, user, keys)
}

// passkeysOf returns the passkeys of a user; none where the site keeps none.
func passkeysOf(ctx context.Context, site *coatcheck.Site, user *auth.User) ([]own.Passkey, error) {
	if site.Accounts == nil {
		return nil, nil
	}
	return site.Accounts.Passkeys(ctx, user)
}

// passkeyID is the ID by which the command names a passkey.
func passkeyID(p own.Passkey) string { return p.IDHash[:12] }

// list prints the factors, and how many recovery codes are left.
func (c *userFactorsCommand) list(
	ctx context.Context, con *console.Console, site *coatcheck.Site, user *auth.User, keys []own.Passkey,
) error {
	state, err := site.TwoFactor.State(ctx, user)
	if err != nil {
		return err
	}
	if !state.Has() && len(keys) == 0 {
		con.Say(fmt.Sprintf("User '%s' has no second factor and no passkey", user))
		return nil
	}
	table := tabwriter.NewWriter(con.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tFACTOR\tADDED")
	if state.Has() {
		fmt.Fprintf(table, "%s\tauthenticator app\t%s\n", appID, state.App.UTC().Format(time.DateTime))
	}
	for _, p := range keys {
		added := p.Created.UTC().Format(time.DateTime)
		fmt.Fprintf(table, "%s\tpasskey %q\t%s\n", passkeyID(p), p.Name, added)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if state.Has() {
		con.Say(fmt.Sprintf("Recovery codes left: %d", state.RecoveryCodes))
	}
	return nil
}

// removePasskey removes a passkey.
func (c *userFactorsCommand) removePasskey(
	ctx context.Context, con *console.Console, site *coatcheck.Site, user *auth.User, keys []own.Passkey,
) error {
	i := slices.IndexFunc(keys, func(p own.Passkey) bool { return passkeyID(p) == c.Remove })
	if i < 0 {
		return fmt.Errorf("user '%s' has no factor %s; without --remove this lists the IDs", user, c.Remove)
	}
	if err := site.Accounts.RemovePasskeyOf(ctx, user, keys[i].IDHash); err != nil {
		return err
	}
	con.Say(fmt.Sprintf("Removed the passkey %q of user '%s'", keys[i].Name, user))
	fmt.Fprintln(con.Err, "No email tells the user. Their sessions go on; coatcheck logout ends them.")
	return nil
}

// remove removes the authenticator app with the recovery codes, and tells the user.
func (c *userFactorsCommand) remove(
	ctx context.Context, con *console.Console, site *coatcheck.Site, user *auth.User,
) error {
	removed, err := site.TwoFactor.Remove(ctx, user)
	if err != nil {
		return err
	}
	if !removed {
		return fmt.Errorf("user '%s' has no factor %s", user, c.Remove)
	}
	if err := site.Auth.Audit().Add(ctx, audit.Event{Code: "factor-removed", User: user}); err != nil {
		return fmt.Errorf("the factor is removed, but not in the audit log: %w", err)
	}
	con.Say(fmt.Sprintf("Removed the authenticator app and the recovery codes of user '%s'", user))
	switch {
	case c.BaseURL == "":
		fmt.Fprintln(con.Err, "No email tells the user, since --base-url is not set.")
		return nil
	case user.Email == "" || site.Accounts == nil:
		fmt.Fprintln(con.Err, "No email tells the user, since there is no address.")
		return nil
	}
	if err := site.Accounts.MailFactorRemoved(ctx, user, ""); err != nil {
		return fmt.Errorf("the factor is removed, but the user could not be told by email: %w", err)
	}
	fmt.Fprintf(con.Err, "The email to %s waits to be sent by serve.\n", user.Email)
	return nil
}
