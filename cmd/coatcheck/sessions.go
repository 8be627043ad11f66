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
	"github.com/coatcheck/coatcheck/database/own"
)

// signedInFlags say where the sessions of a user are.
type signedInFlags struct {
	databaseFlags
	secretFlags
	sessionFlags
	engineFlags
}

// shortID is how much of an ID is shown, and taken at least.
const shortID = 12

// signedIn calls f with the site and the user.
func (c *signedInFlags) signedIn(ctx context.Context, con *console, username string, f func(*coatcheck.Site, *auth.User) error) (err error) {
	site, closeSite, err := c.openSite(ctx)
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

// list lists where the user is signed in. Sessions that a Django has made are put into
// the index before, so that none is missed.
func list(ctx context.Context, con *console, site *coatcheck.Site, user *auth.User) ([]accounts.SessionInfo, error) {
	if err := site.Accounts.Adopt(ctx); err != nil {
		return nil, err
	}
	rows, err := own.New(site.Database).WalkIndexedSessions(ctx, user.ID, "", 1)
	if err != nil {
		return nil, err
	}
	all, err := site.Accounts.Sessions(ctx, user, "")
	if err == nil && len(rows) > 0 && len(all) == 0 {
		fmt.Fprintln(con.err, "Sessions were known and none can be read. If this is unexpected: are secret key and session engine those of serve?")
	}
	return all, err
}

// openSite opens the database and the session engine as serve does.
func (c *signedInFlags) openSite(ctx context.Context) (*coatcheck.Site, func() error, error) {
	if c.Engine == "signed_cookies" {
		return nil, nil, usageError{errors.New("--session-engine signed_cookies keeps sessions in the browsers alone: they cannot be listed, nor ended from here")}
	}
	if err := c.mustExist(); err != nil {
		return nil, nil, err
	}
	if c.absent(c.folder()) {
		return nil, nil, errors.New("there is no secret key, without which no session can be read; run this where serve finds it, or name it by --secret-key-file")
	}
	log := slog.New(slog.DiscardHandler)
	key, err := c.load(c.folder(), log)
	if err != nil {
		return nil, nil, err
	}
	loc, err := c.location()
	if err != nil {
		return nil, nil, err
	}
	config := coatcheck.Config{SecretKey: key.key, SecretKeyFallbacks: key.fallbacks, AcceptSHA1: c.AcceptSHA1, SessionSerializer: c.Serializer, Logger: log}
	if config.Sessions, err = c.sessionFlags.config(loc); err != nil {
		return nil, nil, err
	}
	db, err := c.open(ctx, false)
	if err != nil {
		return nil, nil, err
	}
	err = own.Missing(db, accounts.Tables()...)
	closeEngine := func() {}
	if err == nil {
		config.Sessions.Store, closeEngine, err = c.store(ctx, db, key, c.AcceptSHA1, config.Sessions, log)
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

// sessionsCommand lists where a user is signed in.
type sessionsCommand struct {
	Username string `arg:"" help:"Whose sessions."`
	JSON     bool   `name:"json" env:"-" help:"Print JSON, with whole IDs."`
	signedInFlags
}

// listed is a session in JSON.
type listed struct {
	ID        string    `json:"id"`
	Browser   string    `json:"browser"`
	System    string    `json:"system"`
	IP        string    `json:"ip"`
	Method    string    `json:"method"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
}

// Run prints a table, the last seen first.
func (c *sessionsCommand) Run(ctx context.Context, con *console) error {
	return c.signedIn(ctx, con, c.Username, func(site *coatcheck.Site, user *auth.User) error {
		all, err := list(ctx, con, site, user)
		switch {
		case err != nil:
			return err
		case c.JSON:
			return printSessionsJSON(con, all)
		case len(all) == 0:
			con.say(fmt.Sprintf("User '%s' is signed in nowhere.", user))
			return nil
		}
		return printSessions(con, all)
	})
}

func printSessionsJSON(con *console, all []accounts.SessionInfo) error {
	list := make([]listed, len(all))
	for i, s := range all {
		list[i] = listed{s.ID, s.Browser, s.System, s.IP, s.Method, s.FirstSeen.UTC().Truncate(time.Second), s.LastSeen.UTC().Truncate(time.Second)}
	}
	encoder := json.NewEncoder(con.out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]any{"sessions": list})
}

func printSessions(con *console, all []accounts.SessionInfo) error {
	const minute = "2006-01-02 15:04"
	table := tabwriter.NewWriter(con.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tLAST SEEN (UTC)\tFIRST SEEN\tADDRESS\tDEVICE\tSIGNED IN BY")
	for _, s := range all {
		device := strings.Join(strings.Fields(s.Browser+" "+s.System), " ")
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", s.ID[:shortID], s.LastSeen.UTC().Format(minute), s.FirstSeen.UTC().Format(minute),
			orDash(s.IP), orDash(device), s.Method)
	}
	return table.Flush()
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
