package main

import (
	"log"
	"os"
	"path/filepath"
	"testing"
)

// TestMain provides the commands "coatcheck", and "nolinks", for the tests that start them as
// processes: each is this test binary by another name, running the command's function.
func TestMain(m *testing.M) {
	commands := map[string]func(){"coatcheck": main, "nolinks": nolinks}
	name := filepath.Base(os.Args[0])
	if run := commands[name]; run != nil {
		os.Args[0] = name
		run()
		os.Exit(0)
	}
	self, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "coatcheck-commands-")
	if err != nil {
		log.Fatal(err)
	}
	for name := range commands {
		if err := os.Symlink(self, filepath.Join(dir, name)); err != nil {
			log.Fatal(err)
		}
	}
	if err := os.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH")); err != nil {
		log.Fatal(err)
	}
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}
