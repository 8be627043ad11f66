package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/console"
	"github.com/coatcheck/coatcheck/internal/findings"
)

// checkCommand judges the settings of serve without serving (Django: check).
type checkCommand struct {
	Deploy    bool   `env:"-" help:"Also judge whether the settings are fit for the internet."`
	FailLevel string `env:"-" enum:"ERROR,WARNING" default:"ERROR" help:"Exit with 1 from this level on: ${enum}."`
	serveCommand
}

// errFindings is the outcome of a check that found something.
var errFindings = errors.New("the check found something")

// Run tells what it finds, as Django does. It opens no database but one in
// memory, and makes no file.
func (c *checkCommand) Run(ctx context.Context, con *console.Console) error {
	key, found := c.key()
	found = append(found, c.checkSettings(ctx, con, key)...)
	if c.Deploy {
		found = append(found, findings.Deploy(c.judged(key))...)
	}
	if len(found) == 0 {
		con.Say("System check identified no issues (0 silenced).")
		return nil
	}
	return c.Tell(con, found)
}

// tell writes the findings, errors first.
func (c *checkCommand) Tell(con *console.Console, found []findings.Finding) error {
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

// key reads the secret key where there is one. A file that serve would make is
// not made.
func (c *checkCommand) key() (secret, []findings.Finding) {
	if c.absent(c.folder()) {
		return secret{key: newSecretKey()}, nil
	}
	path := c.File
	if path == "" && os.Getenv(envPrefix+"_SECRET_KEY") == "" && os.Getenv("SECRET_KEY") == "" {
		path = filepath.Join(c.folder(), defaultSecretFile)
	}
	key, err := c.load(c.folder(), slog.New(slog.DiscardHandler))
	if err != nil {
		return secret{key: newSecretKey()}, []findings.Finding{{ID: "coatcheck.E002", Text: "The secret key cannot be read: " + err.Error()}}
	}
	var found []findings.Finding
	for _, file := range []string{path, c.FallbacksFile} {
		info, err := os.Stat(file)
		if file != "" && err == nil && info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
			found = append(found, findings.Finding{ID: "coatcheck.W003", Text: "Others on this machine may read " + file + ", which holds a secret key. Give it the mode 0600."})
		}
	}
	if !c.Deploy {
		found = nil
	}
	return key, found
}

// checkSettings wires a site as serve would, on an empty database in memory and
// without the session engine, and tells what is wrong.
func (c *checkCommand) checkSettings(ctx context.Context, con *console.Console, key secret) []findings.Finding {
	db, err := sqlite.Open(ctx, ":memory:")
	if err != nil {
		return []findings.Finding{{ID: "coatcheck.E001", Text: err.Error()}}
	}
	defer db.Close() //nolint:errcheck // it was in memory
	settings, err := c.withoutMailFolder()
	if settings.Guard == "auto" {
		settings.Guard = "both" // the database says which of both it is; judge both
	}
	var config coatcheck.Config
	if err == nil {
		config, err = settings.config(con, key, slog.New(slog.DiscardHandler))
	}
	if err == nil {
		if config.Accounts.BaseURL == "" {
			config.Accounts.BaseURL = "http://localhost" // serve takes its own address
		}
		config.Database, config.LoginConditions = db, nil // whose tables are elsewhere
		_, err = coatcheck.New(config)
	}
	var found []findings.Finding
	for _, err := range []error{err, c.check(ctx)} {
		if err != nil {
			found = append(found, findings.Finding{ID: "coatcheck.E001", Text: err.Error()})
		}
	}
	if err := errors.Join(c.known(), c.engineFlags.possible()); err != nil {
		found = append(found, findings.Finding{ID: "coatcheck.E001", Text: err.Error()})
	}
	for _, origin := range c.TrustedOrigins {
		if !strings.Contains(origin, "://") {
			found = append(found, findings.Finding{ID: "4_0.E001", Text: fmt.Sprintf(
				"--trusted-origin %s begins with no scheme; write https://%[1]s (CSRF_TRUSTED_ORIGINS).", origin)})
		}
	}
	return found
}

// withoutMailFolder returns the settings of serve without the folder of emails, which serve
// makes where it is absent.
func (c *checkCommand) withoutMailFolder() (serveCommand, error) {
	settings := c.serveCommand
	if c.Backend != "file" || c.mailFlags.FilePath == "" {
		return settings, nil
	}
	if info, err := os.Stat(c.mailFlags.FilePath); err == nil && !info.IsDir() {
		return settings, fmt.Errorf("--email-file-path %s is no folder", c.mailFlags.FilePath)
	}
	settings.Backend = "console"
	return settings, nil
}

// judged is what the rules for the internet look at.
func (c *serveCommand) judged(key secret) findings.Settings {
	return findings.Settings{
		SecretKey: key.key, Fallbacks: key.fallbacks, Args: os.Args[1:],
		Addr: c.Addr, BaseURL: c.BaseURL, EmailBackend: c.Backend,
		AllowedHosts: c.AllowedHosts, TrustedProxies: c.TrustedProxies, RemoteUserTrusted: c.RemoteUserTrusted,
		FrameOptions: c.FrameOptions, ReferrerPolicy: c.ReferrerPolicy,
		HSTSSeconds: c.HSTSSeconds, HSTSSubdomains: c.HSTSSubdomains, HSTSPreload: c.HSTSPreload,
		NoSniff: c.NoSniff, SSLRedirect: c.SSLRedirect,
		Guard: c.Guard, CSRFCookieSecure: c.csrfFlags.CookieSecure, CSRFUseSessions: c.UseSessions,
		SessionEngine: c.Engine, SessionFilePath: c.engineFlags.FilePath,
		SessionCookieSecure: c.sessionFlags.CookieSecure, SessionCookieHTTPOnly: c.sessionFlags.CookieHTTPOnly,
		PasswordHasher: c.Hasher, PasswordIterations: c.Iterations,
		ValidatePasswords: c.Validate, ThrottleOff: c.Throttle == "off", Trace: c.Trace,
	}
}
