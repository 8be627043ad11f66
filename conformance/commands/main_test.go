package commands_test

import (
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain builds the command and makes it the first in PATH.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "coatcheck-commands-")
	if err != nil {
		log.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "coatcheck"), "./cmd/coatcheck")
	build.Dir, build.Stderr = "../..", os.Stderr
	status := 1
	if err = build.Run(); err == nil {
		if err = os.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH")); err == nil {
			status = m.Run()
		}
	}
	if err != nil {
		log.Print(err)
	}
	os.RemoveAll(dir)
	os.Exit(status)
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
