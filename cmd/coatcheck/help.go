package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// commonFlags are the flags that most people need, and what the help says of each: the first
// sentence of its text where there is nothing. The others are in --help-all alone.
var commonFlags = map[string]string{
	"config":                   "JSON file with flags.",
	"help-all":                 "Show all flags, and their variables.",
	"addr":                     "Where to listen: HOST:PORT, unix:PATH, systemd.",
	"site-name":                "",
	"signup-closed":            "",
	"database":                 "sqlite:PATH, postgres://… or mysql://….",
	"create":                   "Make the files that are named and absent.",
	"secret-key-file":          "File with the secret key.",
	"session-cookie-secure":    "",
	"allowed-host":             "Host that the site serves; may be repeated.",
	"trusted-proxy":            "Proxy whose X-Forwarded headers are believed.",
	"trusted-origin":           "Site whose pages may send forms here.",
	"secure-ssl-redirect":      "Redirect HTTP to HTTPS.",
	"base-url":                 "Where visitors find the site.",
	"email-backend":            "",
	"default-from-email":       "Sender of emails.",
	"email-host":               "Mail server.",
	"email-host-user":          "Account at the mail server.",
	"email-host-password-file": "File with its password.",
	"password-hasher":          "Algorithm of new hashes.",
	"throttle":                 "Where attempts are counted: ${enum}.",
	"log-format":               "",
	"log-level":                "",
	"trace":                    "Print the way of each request.",
}

// helpOptions are those of every help.
var helpOptions = kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}

// helpAllFlag prints the help with all flags.
type helpAllFlag bool

// IgnoreDefault keeps the flag out of what a command gets.
func (helpAllFlag) IgnoreDefault() {}

// BeforeReset prints and ends the program, before anything is missed.
func (helpAllFlag) BeforeReset(app *kong.Kong, ctx *kong.Context) error {
	options := helpOptions
	options.ValueFormatter = kong.DefaultHelpValueFormatter
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil {
		return err
	}
	app.Exit(exitOK)
	return nil
}

// shortHelp prints the help of a command with its own flags and the common ones, each in one
// sentence.
func shortHelp(options kong.HelpOptions, ctx *kong.Context) error {
	node := ctx.Selected()
	if node == nil {
		return kong.DefaultHelpPrinter(options, ctx)
	}
	all, left := 0, 0
	for _, flag := range flagsOf(node) {
		all++
		text, common := commonFlags[flag.Name]
		if flag.Group != nil && !common {
			flag.Hidden = true
			left++
		}
		if text == "" {
			text = firstSentence(flag.Help)
		}
		flag.Group, flag.Help = nil, strings.ReplaceAll(text, "${enum}", flag.Enum)
	}
	options.ValueFormatter = func(value *kong.Value) string { return value.Help }
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil || left == 0 {
		return err
	}
	_, err := fmt.Fprintf(ctx.Stdout, "\nThese are the flags that most people need. All %d: %s "+
		"--help-all\n", all, node.FullPath())
	return err
}
