package middleware

import (
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
)

// Challenge answers a request that needs a login: with a redirect to the login
// page, which leads back afterwards, or with 401 {"error":"Unauthorized"} to a
// client that asks for JSON by name (Django: redirect_to_login). An empty
// loginURL means auth.LoginURL, an empty field auth.RedirectFieldName.
func Challenge(w http.ResponseWriter, r *http.Request, loginURL, field string) {
	if negotiate.JSON(r) {
		report(r, "refused with 401: not signed in")
		Say(w, r, http.StatusUnauthorized, i18n.Mark("Unauthorized"))
		return
	}
	target, err := auth.RedirectToLogin(r, loginURL, field)
	if err != nil {
		Fail(w, r, err)
		return
	}
	report(r, "redirected to the login page: not signed in")
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusFound)
}

// LoginRequired lets only signed-in users pass, and challenges everybody else
// (Django: LoginRequiredMiddleware). The exempt function names the requests
// that need no login; the login page must be among them. An empty loginURL
// or field means the default of Challenge.
func LoginRequired(loginURL, field string, exempt func(*http.Request) bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if exempt != nil && exempt(r) {
				next.ServeHTTP(w, r)
				return
			}
			user, err := auth.UserFromContext(r.Context())
			switch {
			case err != nil:
				Fail(w, r, err)
			case !user.IsAuthenticated():
				Challenge(w, r, loginURL, field)
			default:
				next.ServeHTTP(w, r)
			}
		})
	}
}

func report(r *http.Request, what string, details ...any) {
	flow.Report(r.Context(), flow.AccessControl, what, details...)
}
