package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/console"
	"github.com/coatcheck/coatcheck/internal/explain"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password"
)

// explainCommand reports what a cookie, a session, a hash, a link, a token or a request is, and
// whether it is good.
type explainCommand struct {
	File       []string `arg:"" name:"file" optional:"" help:"File with it; standard input by default, and for -."`
	As         string   `env:"-" enum:"auto,session-key,session-cookie,session-data,cookie-header,curl,password-hash,reset-link,one-time-link,csrf-token" default:"auto" help:"What it is: session-key, session-cookie, session-data, cookie-header, curl, password-hash, reset-link, one-time-link or csrf-token; auto goes by its form."`
	JSON       bool     `name:"json" env:"-" help:"Print JSON."`
	NoDatabase bool     `env:"-" help:"Ask no database, for session data, or a session in a cookie, a file or a cache: users are not looked at."`

	Site explainFlags `embed:""`
}

// explainFlags are those of serve on which it depends what is good.
type explainFlags struct {
	Database databaseFlags  `embed:""`
	Secret   secretFlags    `embed:""`
	Sessions sessionFlags   `embed:""`
	Engine   engineFlags    `embed:""`
	CSRF     csrfFlags      `embed:""`
	Web      webFlags       `embed:""`
	Hasher   hasherFlags    `embed:""`
	Logins   loginFlags     `embed:""`
	Reset    resetFlag      `embed:""`
	reset    time.Duration  // that Reset says
	zone     *time.Location // that Database says
}

// resetFlag is how long links hold.
type resetFlag struct {
	Timeout int `group:"passwords" name:"password-reset-timeout" default:"259200" help:"How long a link to reset a password holds, in seconds (PASSWORD_RESET_TIMEOUT)."`
}

// errInvalid is the outcome of a thing that is not valid.
var errInvalid = errors.New("it is not valid")

// Run prints what there is to say, and fails if the thing is not valid.
func (c *explainCommand) Run(ctx context.Context, con *console.Console) error {
	text, err := c.read(ctx, con)
	if err != nil {
		return err
	}
	kind := explain.Kind(c.As)
	if c.As == "auto" {
		kind = ""
	}
	thing, err := explain.Recognise([]byte(text), kind)
	if err != nil {
		return usageError{err}
	}
	report, err := c.explain(ctx, thing)
	if errors.Is(err, explain.ErrNoDatabase) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(con.Out, report)
	} else {
		err = printReport(con.Out, report)
	}
	if err == nil && !report.Valid {
		err = errInvalid
	}
	return err
}

// read reads the thing. The errors do not show the arguments, of which one may be the thing itself.
func (c *explainCommand) read(ctx context.Context, con *console.Console) (string, error) {
	const remedy = "; what is to be explained comes from standard input or a file and is no argument, " +
		"since others on this machine can see those"
	in := con.In
	switch {
	case len(c.File) > 1:
		return "", usageError{errors.New("there is more than one file" + remedy)}
	case len(c.File) == 1 && c.File[0] != "-":
		file, err := os.Open(c.File[0])
		if err != nil {
			if path := (*fs.PathError)(nil); errors.As(err, &path) {
				err = path.Err
			}
			return "", usageError{fmt.Errorf("the file cannot be read: %w%s", err, remedy)}
		}
		defer file.Close() //nolint:errcheck // it was only read
		in = file
	case con.IsTerminal():
		fmt.Fprintln(con.Err, "Paste it, and press Ctrl-D on a line of its own.")
	}
	return console.Await(ctx, func() (string, error) {
		text, err := io.ReadAll(io.LimitReader(in, explain.MaxInput+1))
		if path := (*fs.PathError)(nil); errors.As(err, &path) {
			err = fmt.Errorf("the file cannot be read: %w", path.Err)
		}
		return string(text), err
	})
}

// explain opens what it takes to explain the thing, and asks.
func (c *explainCommand) explain(ctx context.Context, thing *explain.Thing) (_ *explain.Report, err error) {
	config, err := c.Site.Hasher.config()
	if err != nil {
		return nil, err
	}
	world := &explain.World{NoDatabase: c.NoDatabase}
	if world.Passwords, err = password.New(config); err != nil {
		return nil, err
	}
	if thing.NeedsSite() {
		closeSite, err := c.Site.open(ctx, world)
		if err != nil {
			return nil, err
		}
		defer closeSite()
	}
	return world.Explain(ctx, thing)
}

// open wires the site as serve does, but for what writes.
func (f *explainFlags) open(ctx context.Context, world *explain.World) (closeSite func(), err error) {
	if err := f.Engine.mustExist(); err != nil {
		return nil, err
	}
	folder := f.Database.folder()
	if f.Secret.absent(folder) {
		return nil, errors.New("there is no secret key, without which no session can be read; run this " +
			"where serve finds it, or name it by --secret-key-file")
	}
	log := slog.New(slog.DiscardHandler)
	key, err := f.Secret.load(folder, log)
	if err != nil {
		return nil, err
	}
	config, err := f.config(key, log)
	if err != nil {
		return nil, err
	}
	db, err := f.look(ctx, world.NoDatabase)
	if err != nil {
		return nil, err
	}
	store, closeEngine, err := f.Engine.store(ctx, db, key, f.Secret.AcceptSHA1, config.Sessions, log)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	closeSite = func() {
		closeEngine()
		_ = db.Close() // it was only read
	}
	config.Database, config.Sessions.Store = db, explain.ReadOnly(store)
	if world.Site, err = coatcheck.New(config); err != nil {
		closeSite()
		return nil, err
	}
	world.Accounts = world.Site.Accounts
	world.Site.Accounts = nil // which would write where a session was used
	world.Store, world.Engine, world.Serializer = store, f.Engine.Name, f.Engine.Serializer
	world.Keys = key.keys(f.Secret.AcceptSHA1)
	world.ResetZone, world.ResetTimeout, world.MaxAge = f.zone, f.reset, config.Logins.MaxAge
	world.CSRFCookie = f.CSRF.CookieName
	return closeSite, nil
}

// look opens the database, or an empty one.
func (f *explainFlags) look(ctx context.Context, empty bool) (*database.DB, error) {
	if empty {
		return sqlite.Open(ctx, ":memory:")
	}
	if err := f.Database.there(); err != nil {
		return nil, err
	}
	return f.Database.look(ctx)
}

// config is that of serve as far as it counts here.
func (f *explainFlags) config(key secret, log *slog.Logger) (config coatcheck.Config, err error) {
	loc, err := f.Database.location()
	if err != nil {
		return config, err
	}
	if f.zone, err = f.Database.zone(); err != nil {
		return config, err
	}
	config = coatcheck.Config{
		Keys: key.keys(f.Secret.AcceptSHA1), Site: coatcheck.SiteOptions{TimeZone: f.zone, Logger: log},
	}
	if config.Sessions, err = f.Sessions.config(loc, f.Engine.Serializer); err != nil {
		return config, err
	}
	config.Sessions.SaveEveryRequest = false
	if config.Passwords.Hashing, err = f.Hasher.config(); err != nil {
		return config, err
	}
	if f.reset, err = span("password-reset-timeout", float64(f.Reset.Timeout), 1); err != nil {
		return config, err
	}
	if config.Logins.MaxAge, err = span("session-max-age", float64(f.Sessions.MaxAge), 0); err != nil {
		return config, err
	}
	config.Passwords.ResetTimeout, config.Logins.ThrottleOff = f.reset, true
	if err := errors.Join(f.Web.apply(&config), f.Logins.apply(&config), f.CSRF.apply(&config)); err != nil {
		return config, err
	}
	config.Web.CSRF.Failure = func(http.ResponseWriter, *http.Request, middleware.CSRFFailure) {}
	if config.Web.RemoteUser != nil {
		config.Web.RemoteUser.Persistent = true // nobody is logged out by a request without the header
	}
	return config, nil
}

// printReport prints the parts, the steps and the outcome.
func printReport(out io.Writer, r *explain.Report) error {
	for _, part := range r.Parts {
		if err := printReport(out, part); err != nil {
			return err
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "%s\n", capital(r.Name))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, step := range r.Steps {
		mark := "ok"
		if !step.OK {
			mark = "NO"
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\n", mark, step.Name, step.Says)
	}
	for _, name := range r.Unchecked {
		fmt.Fprintf(table, "  ?\t%s\tnot looked at\n", name)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	verdict := map[bool]string{true: "Valid", false: "Not valid"}[r.Valid]
	if r.Code != "" {
		verdict += " (" + string(r.Code) + ")"
	}
	fmt.Fprintf(out, "%s: %s.\n", verdict, r.Reason)
	if r.Remedy != "" {
		fmt.Fprintln(out, capital(r.Remedy)+".")
	}
	return nil
}

// capital is a text with a capital in front.
func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
