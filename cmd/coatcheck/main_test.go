package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain provides the command "coatcheck" for the scripts and for the tests that
// start it as a process: it is this test binary, running main.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"coatcheck": main, "nolinks": nolinks})
}

// TestScripts types the commands as a user would.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("LOGNAME", "root")
			env.Setenv("COATCHECK_PASSWORD_ITERATIONS", "1000")
			return nil
		},
	})
}
