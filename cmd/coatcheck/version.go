package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/alecthomas/kong"

	"github.com/coatcheck/coatcheck/internal/console"
)

// versionFlag prints what this program is, as the command version does.
type versionFlag bool

// IgnoreDefault keeps the flag out of what a command gets.
func (versionFlag) IgnoreDefault() {}

// BeforeReset prints and ends the program.
func (versionFlag) BeforeReset(app *kong.Kong) error {
	fmt.Fprintln(app.Stdout, version())
	app.Exit(exitOK)
	return nil
}

// versionCommand prints what this program is.
type versionCommand struct{}

// Run prints one line: version, commit, Go and platform.
func (versionCommand) Run(con *console.Console) error {
	con.Say(version())
	return nil
}

// version is the version of the module, the commit, that of Go, and the platform.
func version() string {
	module, commit := "unknown", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		module = info.Main.Version
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = " commit " + s.Value[:min(12, len(s.Value))]
			case s.Key == "vcs.modified" && s.Value == "true":
				commit += " with changes"
			}
		}
	}
	return fmt.Sprintf("coatcheck %s%s %s %s/%s", module, commit, runtime.Version(), runtime.GOOS,
		runtime.GOARCH)
}
