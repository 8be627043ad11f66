package main

import (
	"os"
	"os/user"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// systemUsername is the name of the user who runs the program, or nothing (Python:
// getpass.getuser).
func systemUsername() string {
	for _, name := range [...]string{"LOGNAME", "USER", "LNAME", "USERNAME"} {
		if value := os.Getenv(name); value != "" {
			return value
		}
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// processUser returns the user of the system whose process this is, whatever the environment says,
// for the audit log. Under sudo the user who called it follows.
func processUser() string {
	name := "uid " + strconv.Itoa(os.Getuid())
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	if caller := os.Getenv("SUDO_USER"); caller != "" && os.Getuid() == 0 {
		name += " by sudo of " + caller
	}
	return name
}

// plainUsername writes a name in lower-case ASCII letters without spaces.
func plainUsername(name string) string {
	ascii := strings.Map(func(r rune) rune {
		if r > 127 || r == ' ' {
			return -1
		}
		return r
	}, norm.NFKD.String(name))
	return strings.ToLower(ascii)
}
