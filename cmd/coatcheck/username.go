package main

import (
	"os"
	"os/user"
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
