// Package findings holds the rules of coatcheck check --deploy: which settings of a site are
// not fit for the internet. It is a part of the programs.
package findings

import "strings"

// Finding is something that a check found.
type Finding struct {
	ID   string // Django's where Django finds it too, else coatcheck.…
	Text string // a sentence that tells what to do
}

// IsError reports whether the finding is an error rather than a warning, by the letter of its number.
func (f Finding) IsError() bool { return strings.Contains(f.ID, ".E") }

// Settings is what the rules look at, each field as the flag of its name has it.
type Settings struct {
	SecretKey string
	Fallbacks []string // keys that still verify
	Args      []string // of the process, which everybody on the machine can read

	Addr, BaseURL, EmailBackend       string
	AllowedHosts, TrustedProxies      []string
	RemoteUserTrusted                 []string
	FrameOptions, ReferrerPolicy      string
	HSTSSeconds                       int
	HSTSSubdomains, HSTSPreload       bool
	NoSniff, SSLRedirect              bool
	Guard                             string
	CSRFCookieSecure, CSRFUseSessions bool

	SessionEngine, SessionFilePath             string
	SessionCookieSecure, SessionCookieHTTPOnly bool
	PasswordHasher                             string
	PasswordIterations, DefaultIterations      int
	ValidatePasswords, ThrottleOff, Trace      bool
	Inspect                                    bool
}
