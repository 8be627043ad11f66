package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/console"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/password/pwned"
	"github.com/coatcheck/coatcheck/password/validate"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/signing"
)

// databaseFlags say where the users and sessions are.
type databaseFlags struct {
	URL      string    `group:"database" name:"database" default:"${database}" help:"sqlite:PATH, postgres://USER:PASSWORD@HOST:PORT/NAME or mysql://… (MariaDB too)."`
	UseTZ    bool      `group:"database" name:"use-tz" default:"true" negatable:"" help:"Django's USE_TZ; on by default. --no-use-tz shares a database with a Django site that has it False."`
	TimeZone string    `group:"database" default:"UTC" help:"Django's TIME_ZONE; links to reset a password are stamped by its clock, and with --no-use-tz all times."`
	Users    userFlags `embed:""`
}

// location is the zone in which the database has its times; nil with USE_TZ.
func (f *databaseFlags) location() (*time.Location, error) {
	zone, err := f.zone()
	if err != nil || f.UseTZ {
		return nil, err
	}
	return zone, nil
}

// zone is the one of --time-zone.
func (f *databaseFlags) zone() (*time.Location, error) {
	loc, err := time.LoadLocation(f.TimeZone)
	if err != nil || f.TimeZone == "Local" {
		return nil, usageError{fmt.Errorf("--time-zone: there is no zone %q; write it as in Europe/Paris",
			f.TimeZone)}
	}
	return loc, nil
}

// defaultDatabase is the one that nobody has to name.
const defaultDatabase = "sqlite:coatcheck.db"

// open connects to a database that is there. It makes neither tables nor a file.
func (f *databaseFlags) open(ctx context.Context) (*database.DB, error) {
	if err := f.there(); err != nil {
		return nil, err
	}
	return f.connect(ctx, false)
}

// there refuses an SQLite file that is absent.
func (f *databaseFlags) there() error {
	if !f.fileAbsent() {
		return nil
	}
	create := ""
	if f.URL != defaultDatabase {
		create = " --create"
	}
	return fmt.Errorf("there is no database %s; name another by --database, or make it by coatcheck "+
		"migrate%s",
		absolute(f.shown()), create)
}

// mayMake refuses an SQLite file that is named and not there, unless --create says that it is
// to be made: a misspelt path must not make an empty site.
func (f *databaseFlags) mayMake(create bool) error {
	if !f.fileAbsent() || create || f.URL == defaultDatabase {
		return nil
	}
	return fmt.Errorf("there is no database %s; correct --database, or make the file by --create",
		absolute(f.shown()))
}

// createFlag lets a command make the files that are named.
type createFlag struct {
	Create bool `group:"database" help:"Make the files that --database and --secret-key-file name where they are absent. The default ones are made without it."`
}

// fileAbsent reports whether the database is an SQLite file that is not there.
func (f *databaseFlags) fileAbsent() bool {
	path, ok := strings.CutPrefix(f.URL, "sqlite:")
	if !ok || path == "" || path == ":memory:" {
		return false
	}
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// connect connects to the database. An SQLite file is made where it is absent, and with
// create the tables too.
func (f *databaseFlags) connect(ctx context.Context, create bool) (*database.DB, error) {
	loc, err := f.location()
	if err != nil {
		return nil, err
	}
	if err := f.known(); err != nil {
		return nil, err
	}
	model := f.Users.model()
	switch scheme, _, _ := strings.Cut(f.URL, ":"); scheme {
	case "sqlite":
		return sqlite.Config{DSN: f.URL, Location: loc, NoCreate: !create, UserModel: model}.Open(ctx)
	case "postgres", "postgresql":
		return postgres.Config{DSN: f.URL, Location: loc, NoCreate: !create, UserModel: model}.Open(ctx)
	default:
		return mysql.Config{DSN: f.URL, Location: loc, NoCreate: !create, UserModel: model}.Open(ctx)
	}
}

// look is connect for a command that only looks: an SQLite file stays as it is.
func (f *databaseFlags) look(ctx context.Context) (*database.DB, error) {
	if !strings.HasPrefix(f.URL, "sqlite:") {
		return f.connect(ctx, false)
	}
	loc, err := f.location()
	if err == nil {
		err = f.known()
	}
	if err != nil {
		return nil, err
	}
	return sqlite.Config{
		DSN: f.URL, Location: loc, NoCreate: true, ReadOnly: true, UserModel: f.Users.model(),
	}.Open(ctx)
}

// known refuses a kind of database that is not spoken to.
func (f *databaseFlags) known() error {
	if _, err := f.Users.fields(); err != nil {
		return err
	}
	switch scheme, _, _ := strings.Cut(f.URL, ":"); scheme {
	case "sqlite", "postgres", "postgresql", "mysql", "mariadb":
		return nil
	}
	return usageError{fmt.Errorf("--database: %s begins with none of sqlite:, postgres:// and mysql://",
		f.shown())}
}

// folder is where the secret key file is by default: beside the database file,
// or the current folder.
func (f *databaseFlags) folder() string {
	if path, ok := strings.CutPrefix(f.URL, "sqlite:"); ok && path != ":memory:" {
		return filepath.Dir(path)
	}
	return "."
}

// shown names the database without its password.
func (f *databaseFlags) shown() string {
	if path, ok := strings.CutPrefix(f.URL, "sqlite:"); ok {
		return path
	}
	u, err := url.Parse(f.URL)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return "the given text"
	}
	return u.Scheme + "://" + u.Host + u.Path // parameters may hold passwords too
}

// verbosityFlag is Django's.
type verbosityFlag struct {
	Level int `name:"verbosity" short:"v" default:"1" env:"-" enum:"0,1,2,3" help:"0 says nothing but errors; 1 to 3 are the same."`
}

// passwordFlags say how passwords are hashed, and which are taken.
type passwordFlags struct {
	Hasher   hasherFlags `embed:""`
	Validate bool        `group:"passwords" name:"validate-passwords" default:"true" negatable:"" help:"Refuse new passwords that a new Django project refuses; on by default. --no-validate-passwords takes every password."`
	Pwned    string      `group:"passwords" name:"pwned-filter" placeholder:"FILE" help:"Also refuse new passwords of this filter, which pwned build made of a list of leaked ones."`
}

// validators are those of a new Django project, or none; and the one of leaked
// passwords, whose file is open until the process ends.
func (f *passwordFlags) validators() ([]validate.Validator, error) {
	switch {
	case !f.Validate && f.Pwned != "":
		return nil, usageError{errors.New("--pwned-filter and --no-validate-passwords contradict each " +
			"other; leave one out")}
	case !f.Validate:
		return []validate.Validator{}, nil
	case f.Pwned == "":
		return validate.Default(), nil
	}
	filter, err := pwned.Open(f.Pwned)
	if err != nil {
		return nil, err
	}
	return append(validate.Default(), pwned.Validator{Filter: filter}), nil
}

// accounts returns the service by which the commands make and change users. It
// signs nobody in, so the key that signs logins is not asked for.
func (f *passwordFlags) accounts(db *database.DB, recording *auditFlag) (*auth.Service, error) {
	keys := signing.Keys{Secret: rand.Text() + rand.Text()}
	log, err := recording.open(db, keys)
	if err != nil {
		return nil, err
	}
	config, err := f.Hasher.config()
	if err != nil {
		return nil, err
	}
	hashers, err := password.New(config)
	if err != nil {
		return nil, err
	}
	validators, err := f.validators()
	if err != nil {
		return nil, err
	}
	return auth.New(auth.Config{
		Users: db, Passwords: hashers, Validators: validators, Keys: keys,
		Logger: slog.New(slog.DiscardHandler), Audit: log,
	})
}

// sessionFlags are Django's SESSION_ settings.
type sessionFlags struct {
	CookieName           string `group:"sessions" name:"session-cookie-name" default:"${cookie_name}" help:"Name of the cookie."`
	CookieAge            int    `group:"sessions" name:"session-cookie-age" default:"${cookie_age}" help:"Life of a session in seconds."`
	MaxAge               int    `group:"sessions" name:"session-max-age" default:"0" help:"Seconds after its login at which a session ends, however much it is used; 0 sets no limit. Django does not look at it."`
	CookieDomain         string `group:"sessions" name:"session-cookie-domain" placeholder:"DOMAIN" help:"Domain of the cookie; none means this host alone."`
	CookiePath           string `group:"sessions" name:"session-cookie-path" placeholder:"PATH" help:"Path of the cookie; by default / or --script-name."`
	CookieSecure         bool   `group:"sessions" name:"session-cookie-secure" help:"Send the cookie over HTTPS only. Set it where the site is behind HTTPS."`
	CookieHTTPOnly       bool   `group:"sessions" name:"session-cookie-httponly" default:"true" negatable:"" help:"Hide the cookie from scripts; on by default."`
	CookieSameSite       string `group:"sessions" name:"session-cookie-samesite" default:"Lax" enum:"Lax,Strict,None,omit" help:"SameSite of the cookie: ${enum} (no attribute)."`
	SaveEveryRequest     bool   `group:"sessions" name:"session-save-every-request" help:"Let a session live on from its last use, not its last change."`
	ExpireAtBrowserClose bool   `group:"sessions" name:"session-expire-at-browser-close" help:"End the cookie with the browser."`
}

func (f *sessionFlags) config(loc *time.Location, s sessions.Serializer) (sessions.Config, error) {
	age, err := span("session-cookie-age", float64(f.CookieAge), 1)
	if err != nil {
		return sessions.Config{}, err
	}
	return sessions.Config{
		CookieName: f.CookieName, CookieAge: age, Serializer: s,
		CookieDomain: f.CookieDomain, CookiePath: f.CookiePath, CookieSecure: f.CookieSecure,
		CookieScriptAccess: !f.CookieHTTPOnly, CookieSameSite: f.CookieSameSite,
		SaveEveryRequest: f.SaveEveryRequest, ExpireAtBrowserClose: f.ExpireAtBrowserClose, Location: loc,
	}, nil
}

// logFlags say how the log looks. It goes to standard error.
type logFlags struct {
	Format string     `group:"log" name:"log-format" default:"text" enum:"text,json" help:"${enum}."`
	Level  slog.Level `group:"log" name:"log-level" default:"info" help:"debug, info, warn or error."`
}

func (f *logFlags) logger(con *console.Console) *slog.Logger {
	options := &slog.HandlerOptions{Level: f.Level}
	if f.Format == "json" {
		return slog.New(slog.NewJSONHandler(con.Err, options))
	}
	return slog.New(slog.NewTextHandler(con.Err, options))
}
