// Package findings holds the rules of coatcheck check --deploy and coatcheck doctor: which
// settings of a site are not fit for the internet, and what is wrong or risky about what the
// doctor saw of its database, its cache and its pages. It is a part of the programs.
package findings

import "strings"

// Finding is something that a check found.
type Finding struct {
	ID   string // Django's where Django finds it too, else coatcheck.…
	Text string // a sentence that tells what is wrong, and without a Remedy also what to do
	// Remedy is the one line to change, for a setting, a shell, a database or a proxy.
	Remedy string
}

// Severity is how bad a finding is.
type Severity string

// The severities, the worst first.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Severity returns how bad the finding is, by the letter of its number, as Django has them:
// E, W or I.
func (f Finding) Severity() Severity {
	switch {
	case strings.Contains(f.ID, ".E"):
		return Error
	case strings.Contains(f.ID, ".I"):
		return Note
	}
	return Warning
}

// IsError reports whether the finding is an error rather than a warning.
func (f Finding) IsError() bool { return f.Severity() == Error }

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
	PasswordHasher, PasswordUpdate             string
	PasswordIterations, DefaultIterations      int
	ValidatePasswords, ThrottleOff, Trace      bool
	Inspect                                    bool

	// What the doctor saw from outside: the proxy in front redirects HTTP to HTTPS, and which
	// client the server sees.
	ProxyRedirects, ClientSeen bool
}
