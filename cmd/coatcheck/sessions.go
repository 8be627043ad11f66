package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/console"
)

// signedInFlags say where the sessions of a user are.
type signedInFlags struct {
	Database databaseFlags `embed:""`
	Secret   secretFlags   `embed:""`
	Sessions sessionFlags  `embed:""`
	Engine   engineFlags   `embed:""`
	Audit    auditFlag     `embed:""`
}

// shortID is how much of an ID is shown, and taken at least.
const shortID = 12

// signedIn calls f with the site and the user.
func (c *signedInFlags) signedIn(
	ctx context.Context, con *console.Console, username string, f func(*coatcheck.Site, *auth.User) error,
) error {
	return c.withUser(ctx, c.Database.open, username, func(site *coatcheck.Site, user *auth.User) error {
		c.Audit.warn(con, site.Database)
		return f(site, user)
	})
}

// look is signedIn for a command that writes nothing.
func (c *signedInFlags) look(
	ctx context.Context, username string, f func(*coatcheck.Site, *auth.User) error,
) error {
	look := func(ctx context.Context) (*database.DB, error) {
		if err := c.Database.there(); err != nil {
			return nil, err
		}
		return c.Database.look(ctx)
	}
	return c.withUser(ctx, look, username, f)
}

// opener opens a database.
type opener func(context.Context) (*database.DB, error)

func (c *signedInFlags) withUser(
	ctx context.Context, open opener, username string, f func(*coatcheck.Site, *auth.User) error,
) (err error) {
	site, closeSite, err := c.openSite(ctx, open)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeSite()) }()
	user, err := site.Auth.UserByUsername(ctx, username)
	if errors.Is(err, auth.ErrNoUser) {
		return fmt.Errorf("user '%s' does not exist", username)
	}
	if err != nil {
		return err
	}
	return f(site, user)
}

// openSite opens the database and the session engine as serve does.
func (c *signedInFlags) openSite(ctx context.Context, open opener) (*coatcheck.Site, func() error, error) {
	if c.Engine.Name == "signed_cookies" {
		return nil, nil, usageError{errors.New("--session-engine signed_cookies keeps sessions in the " +
			"browsers alone: they cannot be listed, nor ended from here")}
	}
	if err := c.Engine.mustExist(); err != nil {
		return nil, nil, err
	}
	if c.Secret.absent(c.Database.folder()) {
		return nil, nil, errors.New("there is no secret key, without which no session can be read; run " +
			"this where serve finds it, or name it by --secret-key-file")
	}
	log := slog.New(slog.DiscardHandler)
	key, config, err := c.siteConfig(log)
	if err != nil {
		return nil, nil, err
	}
	db, err := open(ctx)
	if err != nil {
		return nil, nil, err
	}
	err = own.Missing(db, accounts.Tables()...)
	closeEngine := func() {}
	if err == nil {
		config.Sessions.Store, closeEngine, err = c.Engine.store(
			ctx, db, key, c.Secret.AcceptSHA1, config.Sessions, log)
	}
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	closeAll := func() error {
		closeEngine()
		return db.Close()
	}
	config.Database = db
	site, err := coatcheck.New(config)
	if err != nil {
		return nil, nil, errors.Join(err, closeAll())
	}
	return site, closeAll, nil
}

// siteConfig is the configuration of the site, without its database and store.
func (c *signedInFlags) siteConfig(log *slog.Logger) (key secret, config coatcheck.Config, err error) {
	if key, err = c.Secret.load(c.Database.folder(), log); err != nil {
		return key, config, err
	}
	loc, err := c.Database.location()
	if err != nil {
		return key, config, err
	}
	config = coatcheck.Config{Keys: key.keys(c.Secret.AcceptSHA1), Site: coatcheck.SiteOptions{Logger: log}}
	if config.Sessions, err = c.Sessions.config(loc, c.Engine.Serializer); err != nil {
		return key, config, err
	}
	return key, config, c.Audit.apply(&config)
}

// sessionsCommand lists where a user is signed in.
type sessionsCommand struct {
	Username string        `arg:"" help:"Whose sessions."`
	JSON     bool          `name:"json" env:"-" help:"Print JSON, with whole IDs."`
	Site     signedInFlags `embed:""`
}

// listed is a session in JSON.
type listed struct {
	ID        string    `json:"id"`
	Browser   string    `json:"browser"`
	System    string    `json:"system"`
	IP        string    `json:"ip"`
	Method    string    `json:"method"`
	FirstSeen time.Time `json:"first_seen,omitzero"`
	LastSeen  time.Time `json:"last_seen,omitzero"`
}

// Run prints a table, the last seen first. It writes nothing.
func (c *sessionsCommand) Run(ctx context.Context, con *console.Console) error {
	return c.Site.look(ctx, c.Username, func(site *coatcheck.Site, user *auth.User) error {
		all, err := list(ctx, con, site, user)
		switch {
		case err != nil:
			return err
		case c.JSON:
			return printSessionsJSON(con, all)
		case len(all) == 0:
			con.Say(fmt.Sprintf("User '%s' is signed in nowhere.", user))
			return nil
		}
		return printSessions(con, all)
	})
}

// list lists where the user is signed in, and warns where there are sessions of which none can
// be read.
func list(
	ctx context.Context, con *console.Console, site *coatcheck.Site, user *auth.User,
) ([]accounts.SessionInfo, error) {
	all, err := site.Accounts.Look(ctx, user)
	if err != nil || len(all) > 0 {
		return all, err
	}
	rows, err := own.New(site.Database).WalkIndexedSessions(ctx, user.ID, "", 1)
	if len(rows) > 0 {
		fmt.Fprintln(con.Err, "Sessions were known and none can be read. "+
			"If this is unexpected: are secret key and session engine those of serve?")
	}
	return nil, err
}

func printSessionsJSON(con *console.Console, all []accounts.SessionInfo) error {
	list := make([]listed, len(all))
	for i, s := range all {
		list[i] = listed{
			s.ID, s.Browser, s.System, s.IP, s.Method,
			s.FirstSeen.UTC().Truncate(time.Second), s.LastSeen.UTC().Truncate(time.Second),
		}
	}
	encoder := json.NewEncoder(con.Out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]any{"sessions": list})
}

func printSessions(con *console.Console, all []accounts.SessionInfo) error {
	table := tabwriter.NewWriter(con.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tLAST SEEN (UTC)\tFIRST SEEN\tADDRESS\tDEVICE\tSIGNED IN BY")
	for _, s := range all {
		device := strings.Join(strings.Fields(s.Browser+" "+s.System), " ")
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", s.ID[:shortID], minute(s.LastSeen),
			minute(s.FirstSeen),
			orDash(s.IP), orDash(device), s.Method)
	}
	return table.Flush()
}

// minute writes a time, or a dash for a session that nobody has seen here.
func minute(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
