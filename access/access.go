package access

import (
	"errors"
	"fmt"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/safeurl"
)

// Config specifies where the login page is. Only Auth is required.
type Config struct {
	// Auth knows the permissions.
	Auth *auth.Service
	// LoginURL is safeurl.LoginURL when empty; a path, or a URL of another host.
	// Django: LOGIN_URL.
	LoginURL string
	// ConfirmURL is where users show again who they are for Fresh, such as safeurl.ConfirmURL; a path
	// or a URL of another host. LoginURL when empty.
	ConfirmURL string
	// RedirectFieldName is "next" when empty.
	RedirectFieldName string
}

// Access has the guards. Each is a func(http.Handler) http.Handler, or returns one, so that
// net/http, chi and every router with the same kind of middleware take it. It is safe for
// concurrent use.
type Access struct {
	config Config
	api    bool
}

// New checks the configuration and returns an Access for pages; see also [Access.API].
func New(c Config) (*Access, error) {
	if c.Auth == nil {
		return nil, errors.New("access: no auth service given; set Config.Auth")
	}
	for name, target := range map[string]string{"LoginURL": c.LoginURL, "ConfirmURL": c.ConfirmURL} {
		if _, err := safeurl.LoginRedirect("/", target, safeurl.RedirectFieldName); err != nil {
			return nil, fmt.Errorf("access: Config.%s: %w", name, err)
		}
	}
	return &Access{config: c}, nil
}

// API returns the same guards for addresses that only programs call. They never redirect
// and never respond with a page, whatever the request accepts: who is not signed in gets 401
// with a challenge in WWW-Authenticate, and who may not enter 403, both as
// {"error": "…"}.
func (a *Access) API() *Access { return &Access{a.config, true} }
