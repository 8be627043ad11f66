package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/console"
	"github.com/coatcheck/coatcheck/internal/findings"
)

// checkCommand judges the settings of serve without serving (Django: check).
type checkCommand struct {
	Deploy    bool         `env:"-" help:"Also judge whether the settings are fit for the internet."`
	FailLevel string       `env:"-" enum:"ERROR,WARNING" default:"ERROR" help:"Exit with 1 from this level on: ${enum}."`
	Serve     serveCommand `embed:""`
}

// errFindings is the outcome of a check that found something.
var errFindings = errors.New("the check found something")

// Run prints what it finds, as Django does. It opens no database but one in
// memory, and makes no file.
func (c *checkCommand) Run(ctx context.Context, con *console.Console) error {
	key, found := c.Serve.foundKey()
	found = append(found, c.Serve.checkSettings(ctx, con, key)...)
	if c.Deploy {
		found = append(found, c.Serve.openKeys()...)
		found = append(found, findings.Deploy(c.Serve.judged(key))...)
	}
	if len(found) == 0 {
		con.Say("System check identified no issues (0 silenced).")
		return nil
	}
	return c.tell(con, found)
}

// tell writes the findings, errors first.
func (c *checkCommand) tell(con *console.Console, found []findings.Finding) error {
	fmt.Fprintln(con.Err, "System check identified some issues:")
	failed := false
	for _, level := range []struct {
		title  string
		errors bool
	}{{"ERRORS", true}, {"WARNINGS", false}} {
		title := "\n" + level.title + ":\n"
		for _, f := range found {
			if f.IsError() != level.errors {
				continue
			}
			fmt.Fprintf(con.Err, "%s?: (%s) %s\n", title, f.ID, f.Text)
			title = ""
			failed = failed || level.errors || c.FailLevel == "WARNING"
		}
	}
	issues := "issues"
	if len(found) == 1 {
		issues = "issue"
	}
	fmt.Fprintf(con.Err, "\nSystem check identified %d %s (0 silenced).\n", len(found), issues)
	if failed {
		return errFindings
	}
	return nil
}

// foundKey reads the secret key where there is one, and returns what is wrong with it. A file
// that serve would make is not made.
func (c *serveCommand) foundKey() (secret, []findings.Finding) {
	folder := c.Database.folder()
	if c.Secret.toMake(folder, c.Create.Create) != "" {
		return secret{key: newSecretKey()}, nil
	}
	key, err := c.Secret.load(folder, slog.New(slog.DiscardHandler))
	if err != nil {
		return secret{key: newSecretKey()}, []findings.Finding{
			{ID: "coatcheck.E002", Text: "The secret key cannot be read: " + err.Error()},
		}
	}
	return key, nil
}

// openKeys finds the files of keys that others on this machine may read.
func (c *serveCommand) openKeys() (found []findings.Finding) {
	for _, file := range []string{c.Secret.path(c.Database.folder()), c.Secret.FallbacksFile} {
		info, err := os.Stat(file)
		if file != "" && err == nil && info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
			found = append(found, findings.Finding{
				ID: "coatcheck.W003",
				Text: "Others on this machine may read " + file + ", which holds a secret key. Give it " +
					"the mode 0600.",
			})
		}
	}
	return found
}

// checkSettings reports what is wrong with the settings of serve.
func (c *serveCommand) checkSettings(
	ctx context.Context, con *console.Console, key secret,
) []findings.Finding {
	var found []findings.Finding
	for _, err := range c.wrong(ctx, con, key, false) {
		found = append(found, findings.Finding{ID: "coatcheck.E001", Text: err.Error()})
	}
	for _, origin := range c.CSRF.TrustedOrigins {
		if !strings.Contains(origin, "://") {
			found = append(found, findings.Finding{ID: "4_0.E001", Text: fmt.Sprintf(
				"--trusted-origin %s begins with no scheme; write https://%[1]s (CSRF_TRUSTED_ORIGINS).",
				origin)})
		}
	}
	return found
}

// wrong returns what is wrong with the settings; with fresh for a database that serve makes, and
// else for one that nobody looks at. It makes nothing and connects to nothing.
func (c *serveCommand) wrong(
	ctx context.Context, con *console.Console, key secret, fresh bool,
) (all []error) {
	for _, err := range []error{
		c.wired(ctx, con, key, fresh), c.Listen.check(ctx), c.Metrics.check(),
		errors.Join(c.Database.known(), c.mayMake(), c.Engine.possible()),
		c.Memory.check(&c.Engine, &c.Database),
	} {
		if err != nil {
			all = append(all, err)
		}
	}
	return all
}

// mayMake refuses what contradicts itself about files that are not there.
func (c *serveCommand) mayMake() error {
	if c.NoCreate && c.Create.Create {
		return usageError{errors.New("--create and --no-create contradict each other; leave one out")}
	}
	return c.Database.mayMake(c.Create.Create)
}

// wired wires a site as serve does, on an empty database in memory and without the session
// engine, and returns why it cannot be.
func (c *serveCommand) wired(ctx context.Context, con *console.Console, key secret, fresh bool) error {
	open := func(ctx context.Context) (*database.DB, error) { return sqlite.Open(ctx, ":memory:") }
	if fresh && !c.NoCreate {
		memory := c.Database // whose tables are those of the file that serve would make
		memory.URL = "sqlite::memory:"
		open = func(ctx context.Context) (*database.DB, error) { return memory.connect(ctx, true) }
	}
	db, err := open(ctx)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // it was in memory
	settings, err := c.withoutMailFolder()
	if err != nil {
		return err
	}
	if settings.CSRF.Guard == "auto" {
		settings.CSRF.Guard = "both" // the database says which of both it is; judge both
	}
	config, err := settings.config(con, key, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	if config.Site.BaseURL == "" {
		config.Site.BaseURL = "http://localhost" // serve takes its own address
	}
	config.Database = db
	if fresh { // otherwise the tables of the conditions are elsewhere
		if err := checkConditions(ctx, db, config.Logins.Conditions); err != nil {
			return err
		}
	}
	site, err := coatcheck.New(config)
	if err == nil && fresh { // likewise
		err = checkFactorGroups(ctx, site)
	}
	return err
}

// withoutMailFolder returns the settings without the folder of emails, which serve makes
// where it is absent.
func (c *serveCommand) withoutMailFolder() (serveCommand, error) {
	settings := *c
	if c.Mail.Backend != "file" || c.Mail.FilePath == "" {
		return settings, nil
	}
	if info, err := os.Stat(c.Mail.FilePath); err == nil && !info.IsDir() {
		return settings, fmt.Errorf("--email-file-path %s is no folder", c.Mail.FilePath)
	}
	settings.Mail.Backend = "console"
	return settings, nil
}

// judged is what the rules for the internet look at.
func (c *serveCommand) judged(key secret) findings.Settings {
	return findings.Settings{
		SecretKey: key.key, Fallbacks: key.fallbacks, Args: os.Args[1:],
		Addr: c.Listen.Addr, BaseURL: c.Mail.BaseURL, EmailBackend: c.Mail.Backend,
		AllowedHosts: c.Web.AllowedHosts, TrustedProxies: c.Web.TrustedProxies,
		RemoteUserTrusted: c.Web.RemoteUserTrusted,
		FrameOptions:      c.Web.FrameOptions, ReferrerPolicy: c.Web.ReferrerPolicy,
		HSTSSeconds: c.Web.HSTSSeconds, HSTSSubdomains: c.Web.HSTSSubdomains, HSTSPreload: c.Web.HSTSPreload,
		NoSniff: c.Web.NoSniff, SSLRedirect: c.Web.SSLRedirect,
		Guard: c.CSRF.Guard, CSRFCookieSecure: c.CSRF.CookieSecure, CSRFUseSessions: c.CSRF.UseSessions,
		SessionEngine: c.Engine.Name, SessionFilePath: c.Engine.FilePath,
		SessionCookieSecure: c.Sessions.CookieSecure, SessionCookieHTTPOnly: c.Sessions.CookieHTTPOnly,
		PasswordHasher: c.Passwords.Hasher.Algorithm, PasswordIterations: c.Passwords.Hasher.Iterations,
		PasswordUpdate:    c.Passwords.Hasher.Update.String(),
		DefaultIterations: defaultIterations,
		ValidatePasswords: c.Passwords.Validate, ThrottleOff: c.Throttle.Store.Kind == "off", Trace: c.Trace,
		Inspect: c.Inspect.Inspect,
	}
}
