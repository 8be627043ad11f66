package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/coatcheck/coatcheck/internal/console"
	"github.com/coatcheck/coatcheck/internal/djangosettings"
)

// settingsCommand turns a Django project's settings into a config file.
type settingsCommand struct {
	FromDjango string `env:"-" placeholder:"MODULE-OR-FILE" help:"The settings module, as in mysite.settings, whose Django is asked; or a file (- for standard input) of what --script printed there, or 'manage.py diffsettings --all'."`
	Python     string `env:"-" default:"python3" placeholder:"PROGRAM" help:"The interpreter that has the project's Django, as in .venv/bin/python; asked for a module."`
	Script     bool   `env:"-" help:"Print the Python that asks a Django on another machine: 'manage.py shell < SCRIPT' there prints the file."`
}

// Run prints the config on standard output, and on standard error what has no
// counterpart or is left to do. It prints no key and no password. Where the two
// could not work side by side it prints no config, and fails with the reasons.
func (c *settingsCommand) Run(ctx context.Context, con *console.Console, app *kong.Kong) error {
	switch {
	case c.Script && c.FromDjango != "":
		return usageError{errors.New("--script and --from-django are two steps; leave one out")}
	case c.Script:
		con.Say(strings.TrimSuffix(djangosettings.Script, "\n"))
		return nil
	case c.FromDjango == "":
		return usageError{errors.New("name the settings, as in --from-django mysite.settings")}
	}
	dump, err := c.read(ctx, con)
	if err != nil {
		return err
	}
	done := djangosettings.Convert(dump, flagDefaults(app))
	if len(done.Reasons) > 0 {
		return errors.New(strings.Join(done.Reasons, "\n"))
	}
	text := json.NewEncoder(con.Out)
	text.SetIndent("", "  ")
	text.SetEscapeHTML(false)
	if err := text.Encode(done.Config); err != nil {
		return err
	}
	for _, note := range done.Notes {
		fmt.Fprintln(con.Err, note)
	}
	return nil
}

// read reads the settings from where the flag says: a dump in a file or on
// standard input, or a module that the project's own Django is asked for.
func (c *settingsCommand) read(ctx context.Context, con *console.Console) (djangosettings.Dump, error) {
	if c.FromDjango == "-" {
		return djangosettings.Read(con.In)
	}
	info, err := os.Stat(c.FromDjango)
	switch {
	case err == nil && !info.IsDir(): // a folder may be a module
		file, err := os.Open(c.FromDjango)
		if err != nil {
			return nil, err
		}
		defer file.Close() //nolint:errcheck // it was only read
		return djangosettings.Read(file)
	case djangosettings.IsModule(c.FromDjango):
		return djangosettings.Ask(ctx, c.Python, c.FromDjango)
	}
	return nil, usageError{fmt.Errorf("--from-django: %q is neither a file nor the name of a settings "+
		"module, as in mysite.settings", c.FromDjango)}
}

// flagDefaults returns the default of every flag, named as in a config file.
func flagDefaults(app *kong.Kong) map[string]string {
	defaults := map[string]string{}
	_ = kong.Visit(app.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			defaults[strings.ReplaceAll(flag.Name, "-", "_")] = flag.Default
		}
		return next(nil)
	})
	return defaults
}
