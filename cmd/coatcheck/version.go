package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/coatcheck/coatcheck/internal/console"
)

// versionCommand prints what this program is.
type versionCommand struct{}

// Run prints one line: version, commit, Go and platform.
func (versionCommand) Run(con *console.Console) error {
	version, commit := "unknown", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = " commit " + s.Value[:min(12, len(s.Value))]
			case s.Key == "vcs.modified" && s.Value == "true":
				commit += " with changes"
			}
		}
	}
	con.Say(fmt.Sprintf("coatcheck %s%s %s %s/%s", version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH))
	return nil
}
