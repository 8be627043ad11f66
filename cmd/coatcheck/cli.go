package main

import (
	"strconv"

	"github.com/alecthomas/kong"

	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/mail"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
)

// cli is the command line.
type cli struct {
	HelpAll     helpAllFlag `name:"help-all" env:"-" help:"Show help with all flags and their environment variables."`
	ShowVersion versionFlag `name:"version" env:"-" help:"Print the version and exit."`
	Config      configFlag  `help:"JSON file with flags, as in {\"addr\": \":8000\"}." placeholder:"FILE"`

	Serve           serveCommand           `cmd:"" help:"Serve the site. The first run makes what is needed."`
	Check           checkCommand           `cmd:"" help:"Judge the settings of serve; with --deploy also whether they are fit for the internet."`
	Migrate         migrateCommand         `cmd:"" help:"Create the tables that are absent, as Django would."`
	Createsuperuser createsuperuserCommand `cmd:"" help:"Create a user who may do everything."`
	Changepassword  changepasswordCommand  `cmd:"" help:"Change a user's password, which ends all their sessions."`
	Sessions        sessionsCommand        `cmd:"" help:"List where a user is signed in."`
	Logout          logoutCommand          `cmd:"" help:"End the sessions of a user, or one of them."`
	Deactivate      deactivateCommand      `cmd:"" help:"Make a user inactive, and end all their sessions and links."`
	User            userCommand            `cmd:"" help:"List the second factors of a user, and remove one."`
	Activate        activateCommand        `cmd:"" help:"Make an inactive user active again."`
	Audit           auditCommand           `cmd:"" help:"Print what happened to accounts: logins, changes of passwords, what commands did."`
	Explain         explainCommand         `cmd:"" help:"Say what a cookie, a session key, a password hash, a link or a curl command is, and why it is not valid."`
	Doctor          doctorCommand          `cmd:"" help:"Look at the database, the settings and the site behind its proxy, and say what is wrong or risky, with the line to change."`
	Unlock          unlockCommand          `cmd:"" help:"Let a user, or an address, try to log in again at once."`
	Clearsessions   clearsessionsCommand   `cmd:"" help:"Remove expired sessions. Run it daily, or leave it to serve."`
	Invite          inviteCommand          `cmd:"" help:"Make a link by which one account can be made; see serve --signup-invitation."`
	Pwned           pwnedCommand           `cmd:"" help:"Make and ask a filter of leaked passwords, for --pwned-filter."`
	Settings        settingsCommand        `cmd:"" help:"Turn a Django project's settings into a config file."`
	Completion      completionCommand      `cmd:"" help:"Print a script by which a shell completes commands and flags."`
	Version         versionCommand         `cmd:"" help:"Print the version."`
}

// envPrefix begins the name of every flag in the environment.
const envPrefix = "COATCHECK"

// flagGroups are the groups of flags, in the order of the help.
var flagGroups = []kong.Group{
	{Key: "server", Title: "Server:"},
	{Key: "database", Title: "Database:"},
	{Key: "users", Title: "A user model of the site's own:"},
	{Key: "secret", Title: "Secret key:"},
	{Key: "sessions", Title: "Sessions (Django's SESSION_… settings):"},
	{Key: "csrf", Title: "Forged requests (Django's CSRF_… settings):"},
	{Key: "web", Title: "Hosts, proxies and headers:"},
	{Key: "mail", Title: "Email (Django's EMAIL_… settings):"},
	{Key: "passwords", Title: "Passwords:"},
	{Key: "throttle", Title: "Attempts to log in:"},
	{Key: "log", Title: "Log:"},
}

func (c *cli) parser() (*kong.Kong, error) {
	return kong.New(c,
		kong.Name("coatcheck"),
		kong.Description("Django's session-based authentication as a server of its own.\n\n"+
			"Every flag is also an environment variable and a key of the --config file; "+
			"a flag beats the environment, and the environment beats the file."),
		kong.DefaultEnvars(envPrefix),
		kong.Configuration(configFile),
		kong.ConfigureHelp(helpOptions),
		kong.Help(shortHelp),
		kong.ExplicitGroups(flagGroups),
		kong.Vars{
			"database":    defaultDatabase,
			"cookie_name": sessions.DefaultCookieName,
			"cookie_age":  strconv.Itoa(int(sessions.DefaultCookieAge.Seconds())),
			"mail_from":   mail.DefaultFrom,
			"iterations":  strconv.Itoa(defaultIterations),

			"throttle_account": attempts.DefaultAccountLimit.String(),
			"throttle_device":  attempts.DefaultDeviceLimit.String(),
			"throttle_address": attempts.DefaultAddressLimit.String(),
		},
	)
}

// defaultIterations is the work factor of PBKDF2 unless --password-iterations is given.
var defaultIterations, _ = password.DjangoIterations("6.1")
