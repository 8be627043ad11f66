package access

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/safeurl"
)

// Config says where the login page is. Only Auth is required.
type Config struct {
	// Auth answers questions about permissions.
	Auth *auth.Service
	// LoginURL is auth.LoginURL when empty; a path, or a URL of another host.
	// Django: LOGIN_URL.
	LoginURL string
	// RedirectFieldName is "next" when empty.
	RedirectFieldName string
}

// Access guards handlers. It is safe for concurrent use.
type Access struct {
	config Config
}

// New checks the configuration and makes an Access.
func New(c Config) (*Access, error) {
	if c.Auth == nil {
		return nil, errors.New("access: no auth service given; set Config.Auth")
	}
	if _, err := safeurl.LoginRedirect("/", c.LoginURL, auth.RedirectFieldName); err != nil {
		return nil, fmt.Errorf("access: Config.LoginURL: %w", err)
	}
	return &Access{c}, nil
}

// LoginRequired lets signed-in users in and leads others to the login page
// (Django: login_required).
func (a *Access) LoginRequired(h http.Handler) http.Handler {
	return a.guard(h, func(w http.ResponseWriter, r *http.Request, u *auth.User) (bool, error) {
		if !u.IsAuthenticated() {
			middleware.Challenge(w, r, a.config.LoginURL, a.config.RedirectFieldName)
			return false, nil
		}
		report(r, "let in: signed in", "user", u.ID)
		return true, nil
	})
}

// UserPassesTest lets users in for whom test says so (Django: user_passes_test). Visitors
// who are not signed in are redirected to the login page. Users who are get 403 with a
// sentence that names them, where Django shows an empty login form. The test may be asked
// about an anonymous user; its error gives 503.
func (a *Access) UserPassesTest(test func(r *http.Request, u *auth.User) (bool, error), h http.Handler) http.Handler {
	return a.guard(h, func(w http.ResponseWriter, r *http.Request, u *auth.User) (bool, error) {
		ok, err := test(r, u)
		if err != nil || ok {
			return ok, err
		}
		a.turnAway(w, r, u)
		return false, nil
	})
}

// turnAway redirects visitors to the login page. Users who are signed in get 403, since
// another login of theirs would not help.
func (a *Access) turnAway(w http.ResponseWriter, r *http.Request, u *auth.User) {
	if u.IsAuthenticated() {
		forbid(w, r, u)
		return
	}
	middleware.Challenge(w, r, a.config.LoginURL, a.config.RedirectFieldName)
}

// PermissionRequired lets users in who have all the permissions, each written
// "app_label.codename" (Django: permission_required with raise_exception). A
// visitor who is not signed in is led to the login page; a user without the
// permission gets 403 with a sentence that names them, not a login page that would
// lead back here for ever. It panics without permissions, which everybody would have.
func (a *Access) PermissionRequired(permissions []string, h http.Handler) http.Handler {
	if len(permissions) == 0 {
		panic("access: PermissionRequired without permissions would let everybody in; name one, or use LoginRequired")
	}
	return a.guard(h, func(w http.ResponseWriter, r *http.Request, u *auth.User) (bool, error) {
		ok, err := a.config.Auth.HasPermissions(r.Context(), u, permissions...)
		switch {
		case err != nil:
			return false, err
		case ok:
			report(r, "let in: has the permissions", "user", u.ID)
			return true, nil
		default:
			a.turnAway(w, r, u)
		}
		return false, nil
	})
}

// guard runs decide, which answers the request itself where it says no.
func (a *Access) guard(h http.Handler, decide func(http.ResponseWriter, *http.Request, *auth.User) (bool, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, err := auth.UserFromContext(r.Context())
		if err == nil {
			var ok bool
			if ok, err = decide(w, r, user); ok && err == nil {
				h.ServeHTTP(w, r)
				return
			}
		}
		if err != nil {
			report(r, "refused: it is not known who this is", "error", requestinfo.LogError(err))
			middleware.Fail(w, r, err)
		}
	})
}

// forbid says who is signed in: people with two accounts often are as the wrong one.
func forbid(w http.ResponseWriter, r *http.Request, u *auth.User) {
	report(r, "refused with 403: lacks the permission", "user", u.ID)
	w.Header().Set("Cache-Control", "no-store")
	middleware.Say(w, r, http.StatusForbidden,
		i18n.Mark("You are signed in as %(username)s, and this account may not open this page. To use another account, log out first."),
		"username", u.String())
}

func report(r *http.Request, what string, details ...any) {
	flow.Report(r.Context(), flow.AccessControl, what, details...)
}
