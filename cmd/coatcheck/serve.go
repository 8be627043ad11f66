package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/console"
	"github.com/coatcheck/coatcheck/internal/server"
	"github.com/coatcheck/coatcheck/safeurl"
	"github.com/coatcheck/coatcheck/views"
)

// serveCommand runs the site as a server of its own.
type serveCommand struct {
	Listen            listenFlags     `embed:""`
	Site              siteFlags       `embed:""`
	LoginURL          string          `group:"server" name:"login-url" default:"/accounts/login/" help:"Django's LOGIN_URL."`
	LoginRedirectURL  string          `group:"server" name:"login-redirect-url" default:"/accounts/profile/" help:"Django's LOGIN_REDIRECT_URL."`
	LogoutRedirectURL string          `group:"server" name:"logout-redirect-url" placeholder:"URL" help:"Django's LOGOUT_REDIRECT_URL; none means a page that says goodbye."`
	RedirectHosts     []string        `group:"server" name:"allowed-redirect-host" placeholder:"HOST" help:"Another host, with its port if it has one, to which the next of a login or logout may lead; may be repeated (success_url_allowed_hosts)."`
	SignupClosed      bool            `group:"server" help:"Let nobody sign up."`
	Templates         templateFlags   `embed:""`
	Home              homeFlag        `embed:""`
	Docs              docsFlag        `embed:""`
	StopDelay         time.Duration   `group:"server" default:"0s" help:"How long to go on after a stop signal with /readyz saying no, so that a load balancer notices."`
	Database          databaseFlags   `embed:""`
	Create            createFlag      `embed:""`
	NoCreate          bool            `group:"database" help:"Do not create absent tables."`
	Secret            secretFlags     `embed:""`
	Sessions          sessionFlags    `embed:""`
	Engine            engineFlags     `embed:""`
	Memory            memoryFlag      `embed:""`
	CSRF              csrfFlags       `embed:""`
	Language          languageFlags   `embed:""`
	Web               webFlags        `embed:""`
	Mail              mailFlags       `embed:""`
	Accounts          accountFlags    `embed:""`
	Passwords         passwordFlags   `embed:""`
	Throttle          throttleFlags   `embed:""`
	Logins            loginFlags      `embed:""`
	Factors           factorFlags     `embed:""`
	Passkeys          passkeyFlags    `embed:""`
	OIDC              oidcFlags       `embed:""`
	DeviceBound       deviceBoundFlag `embed:""`
	Reset             resetFlag       `embed:""`
	Log               logFlags        `embed:""`
	Audit             auditFlag       `embed:""`
	Inspect           inspectFlag     `embed:""`
	Trace             bool            `group:"log" help:"Print each request's way through the five layers as one block."`
	LogFlow           bool            `group:"log" help:"Log each request with its verdict and the reason code of a refusal, and with --log-level debug each of its steps."`
	Metrics           metricsFlag     `embed:""`
	LogRequests       bool            `group:"log" default:"true" negatable:"" help:"A line for each request, without its query; on by default, and off with --trace."`
}

// Run serves until it gets SIGINT, SIGTERM or SIGHUP.
func (c *serveCommand) Run(ctx context.Context, con *console.Console) error {
	log := c.Log.logger(con)
	slog.SetDefault(log)
	if err := c.refuse(ctx, con); err != nil {
		return err
	}
	listener, forMetrics, err := c.listen(ctx)
	if err != nil {
		return err
	}
	defer listener.Close() //nolint:errcheck // the server has closed it, or nothing came of it
	db, key, err := c.open(ctx, con, log)
	if err != nil {
		return err
	}
	defer func() {
		if err := db.Close(); err != nil {
			log.Error("the database could not be closed", "error", err)
		}
	}()
	c.warnOfMail(key, log)
	if c.Mail.BaseURL == "" && c.Mail.Backend != "smtp" {
		c.Mail.BaseURL = "http://localhost"
		if listener.Addr().Network() != "unix" {
			c.Mail.BaseURL = server.URL(listener.Addr())
		}
	}
	site, closeEngine, err := c.site(ctx, con, db, key, log)
	if err != nil {
		return err
	}
	defer closeEngine()
	s, err := c.server(site, key, log)
	if err != nil {
		return err
	}
	if c.Trace {
		s.Trace = con.Err
	}
	c.Metrics.serve(con, s, forMetrics)
	con.Say("Coatcheck is at " + server.URL(listener.Addr()))
	if s.Inspector, err = c.Inspect.inspector(site, c.judged(key).Proxied()); err != nil {
		return err
	}
	c.Inspect.tell(con, server.URL(listener.Addr()), c.judged(key).Proxied())
	return s.Serve(ctx, listener)
}

// listen listens for the site, and for the metrics if they are asked for.
func (c *serveCommand) listen(ctx context.Context) (site, forMetrics net.Listener, err error) {
	if site, err = c.Listen.address().Listen(ctx); err != nil {
		return nil, nil, err
	}
	if forMetrics, err = c.Metrics.listen(ctx); err != nil {
		return nil, nil, errors.Join(err, site.Close())
	}
	return site, forMetrics, nil
}

// warnOfMail warns where emails with links are written to the log of a site that all can reach.
func (c *serveCommand) warnOfMail(key secret, log *slog.Logger) {
	if judged := c.judged(key); judged.MailStays() && judged.Public() {
		log.Warn("no email is sent: links by which anybody can set a new password are written here "+
			"instead; set --email-backend to smtp, or to none",
			"flag", "--email-backend "+c.Mail.Backend)
	}
}

// server is the HTTP server of the site.
func (c *serveCommand) server(site *coatcheck.Site, key secret, log *slog.Logger) (*server.Server, error) {
	headers, err := c.Web.headers()
	if err != nil {
		return nil, err
	}
	docs, err := c.Docs.site(site)
	if err != nil {
		return nil, err
	}
	responding, err := c.probe(site, key)
	if err != nil {
		return nil, err
	}
	return &server.Server{
		Docs: docs, Site: site, Log: log, Headers: headers, StopDelay: c.StopDelay, Engine: c.Engine.Name,
		Home: c.Home.handler, Probe: responding,
		Mounted: strings.TrimSuffix(c.Web.Mount.Path, "/"), LogRequests: c.LogRequests, LogFlow: c.LogFlow,
	}, nil
}

// refuse returns what is wrong with the settings, as far as a server has to know before it
// listens. A first run looks at all of them, so that it leaves no file behind.
func (c *serveCommand) refuse(ctx context.Context, con *console.Console) error {
	if err := errors.Join(c.Listen.check(ctx), c.Metrics.check(), c.mayMake(),
		c.Memory.check(&c.Engine, &c.Database)); err != nil {
		return err
	}
	folder := c.Database.folder()
	makesKey := c.Secret.toMake(folder, c.Create.Create) != ""
	if !makesKey && !c.Database.fileAbsent() {
		return nil
	}
	quiet := slog.New(slog.DiscardHandler)
	var key secret
	var err error
	if makesKey {
		key.key = newSecretKey()
		key.fallbacks, err = c.Secret.fallbacks(quiet)
	} else {
		key, err = c.Secret.load(folder, quiet)
	}
	return errors.Join(append(c.wrong(ctx, con, key, c.Database.fileAbsent()), err)...)
}

// open opens the database, and makes it and the key where a first run has none. The key is
// made last: none is left behind where the database refuses a setting.
func (c *serveCommand) open(
	ctx context.Context, con *console.Console, log *slog.Logger,
) (db *database.DB, key secret, err error) {
	connect, existed := c.Database.open, !c.Database.fileAbsent()
	if !c.NoCreate {
		connect = func(ctx context.Context) (*database.DB, error) { return c.Database.connect(ctx, true) }
	}
	if db, err = connect(ctx); err != nil {
		return nil, key, err
	}
	folder := c.Database.folder()
	if c.Secret.toMake(folder, c.Create.Create) != "" {
		err = c.try(ctx, con, db)
	}
	if err == nil {
		key, err = c.Secret.loadOrMake(folder, c.Create.Create, log)
	}
	if err != nil {
		return nil, key, errors.Join(err, db.Close())
	}
	c.tellMade(con, existed, db, key)
	return db, key, nil
}

// try wires the site by a key for this once.
func (c *serveCommand) try(ctx context.Context, con *console.Console, db *database.DB) error {
	settings := *c
	if settings.Mail.BaseURL == "" {
		settings.Mail.BaseURL = "http://localhost"
	}
	quiet := slog.New(slog.DiscardHandler)
	_, closeEngine, err := settings.site(ctx, con, db, secret{key: newSecretKey()}, quiet)
	if err == nil {
		closeEngine()
	}
	return err
}

// site wires the layers with what the flags say. The function closes what the
// session engine opened.
func (c *serveCommand) site(
	ctx context.Context, con *console.Console, db *database.DB, key secret, log *slog.Logger,
) (*coatcheck.Site, func(), error) {
	config, err := c.config(con, key, log)
	if err != nil {
		return nil, nil, err
	}
	err = errors.Join(checkConditions(ctx, db, config.Logins.Conditions), c.Memory.apply(ctx, &config, db))
	if err != nil {
		return nil, nil, err
	}
	store, closeEngine, err := c.Engine.store(ctx, db, key, c.Secret.AcceptSHA1, config.Sessions, log)
	if err != nil {
		return nil, nil, err
	}
	config.Database, config.Sessions.Store = db, store
	site, err := coatcheck.New(config)
	if err == nil {
		err = checkFactorGroups(ctx, site)
	}
	if err != nil {
		closeEngine()
		return nil, nil, err
	}
	return site, closeEngine, nil
}

// config is what the flags say, without database and store.
func (c *serveCommand) config(
	con *console.Console, key secret, log *slog.Logger,
) (config coatcheck.Config, err error) {
	loc, err := c.Database.location()
	if err != nil {
		return config, err
	}
	zone, err := c.Database.zone()
	if err != nil {
		return config, err
	}
	sessions, err := c.Sessions.config(loc, c.Engine.Serializer)
	if err != nil {
		return config, err
	}
	passwords, err := c.Passwords.Hasher.config()
	if err != nil {
		return config, err
	}
	validators, err := c.Passwords.validators()
	if err != nil {
		return config, err
	}
	reset, maxAge, err := c.spans()
	if err != nil {
		return config, err
	}
	config = coatcheck.Config{
		Keys:      key.keys(c.Secret.AcceptSHA1),
		Site:      coatcheck.SiteOptions{TimeZone: zone, Logger: log},
		Sessions:  sessions,
		Passwords: coatcheck.PasswordOptions{Hashing: passwords, Validators: validators, ResetTimeout: reset},
		Logins:    coatcheck.LoginOptions{MaxAge: maxAge},
		Views:     c.views(),
	}
	config.Site.LoginURL = unless(c.LoginURL, safeurl.LoginURL)
	if err := errors.Join(c.Site.apply(&config), c.Web.apply(&config), c.Factors.apply(&config)); err != nil {
		return config, err
	}
	c.Accounts.apply(&config)
	c.Passkeys.apply(&config)
	c.DeviceBound.apply(&config)
	c.Throttle.apply(&config)
	if err := c.Templates.apply(&config, log); err != nil {
		return config, err
	}
	c.Docs.apply(&config)
	return config, errors.Join(c.OIDC.apply(&config), c.Home.apply(&config), c.Mail.apply(&config, con),
		c.Logins.apply(&config), c.Audit.apply(&config), c.CSRF.apply(&config), c.Language.apply(&config))
}

// views are the settings of the account pages that no group of flags has.
func (c *serveCommand) views() views.Options {
	return views.Options{
		LoginRedirectURL:     unless(c.LoginRedirectURL, safeurl.LoginRedirectURL),
		LogoutRedirectURL:    c.LogoutRedirectURL,
		SignupClosed:         c.SignupClosed,
		AllowedRedirectHosts: c.RedirectHosts,
	}
}

// spans are the lengths of time: of a link that resets a password, and of a session.
func (c *serveCommand) spans() (reset, maxAge time.Duration, err error) {
	if reset, err = span("password-reset-timeout", float64(c.Reset.Timeout), 1); err != nil {
		return 0, 0, err
	}
	if _, err = span("stop-delay", c.StopDelay.Seconds(), 0); err != nil {
		return 0, 0, err
	}
	maxAge, err = span("session-max-age", float64(c.Sessions.MaxAge), 0)
	return reset, maxAge, err
}

// unless is a setting, or nothing where it is the default, which is an address of this
// site wherever a proxy mounts it.
func unless(value, preset string) string {
	if value == preset {
		return ""
	}
	return value
}

// tellMade reports what the first run made and where it is.
func (c *serveCommand) tellMade(con *console.Console, existed bool, db *database.DB, key secret) {
	switch {
	case !existed:
		tellDatabase(con, &c.Database)
		c.Inspect.hint(con)
	case len(db.Created()) > 0:
		fmt.Fprintf(con.Err, "Made Django's tables in %s.\n", c.Database.shown())
	}
	if key.made != "" {
		fmt.Fprintf(con.Err, "Made the secret key %s, readable by you alone. Keep it: without it "+
			"everybody has to log in again.\n", absolute(key.made))
	}
}

// tellDatabase reports that the file of the database was made.
func tellDatabase(con *console.Console, f *databaseFlags) {
	fmt.Fprintf(con.Err, "Made the database %s, readable by you alone.\n", absolute(f.shown()))
}

func absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}
