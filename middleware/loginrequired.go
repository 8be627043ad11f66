package middleware

import (
	"cmp"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/safeurl"
)

// Challenge responds to a request that needs a login: with a redirect to the login
// page, which leads back afterwards, or with 401 {"error":"Unauthorized"} and
// WWW-Authenticate to a client that asks for JSON by name (Django: redirect_to_login). An
// empty loginURL means safeurl.LoginURL, an empty field safeurl.RedirectFieldName.
func Challenge(w http.ResponseWriter, r *http.Request, loginURL, field string) {
	if negotiate.JSON(r) {
		flow.Emit(r.Context(), "access.unauthorized")
		w.Header().Set("WWW-Authenticate", loginChallenge(r, loginURL))
		Say(w, r, http.StatusUnauthorized, i18n.Mark("Unauthorized"))
		return
	}
	toLogin(w, r, loginURL, field, "access.redirected")
}

// ChallengeAgain is Challenge for users who are signed in and have to show once more who they are,
// because their last login or proof is more than maxAge ago: at the page where they confirm that, or
// log in. The session stays as it is. The 401 names error="insufficient_user_authentication" and
// max_age (RFC 9470); its JSON has the reason "proof-wanted" and the url of the page beside the error.
func ChallengeAgain(w http.ResponseWriter, r *http.Request, confirmURL, field string, maxAge time.Duration) {
	const why = flow.Code("access.unauthorized_again")
	if !negotiate.JSON(r) {
		toLogin(w, r, confirmURL, field, "access.redirected_again")
		return
	}
	flow.Emit(r.Context(), why)
	w.Header().Set("WWW-Authenticate", loginChallenge(r, confirmURL)+
		`, error="insufficient_user_authentication", max_age=`+strconv.Itoa(int(maxAge.Seconds())))
	t := translator(r)
	sayJSON(w, http.StatusUnauthorized, r.Method, map[string]string{
		"error":  t.T("Your last proof of who you are is too long ago for this. Please confirm that it is you."),
		"reason": why.Reason(), "url": cmp.Or(confirmURL, requestinfo.Below(r, safeurl.LoginURL)),
	})
}

// loginChallenge is the WWW-Authenticate of a 401, which must have one (RFC 9110, 15.5.2).
func loginChallenge(r *http.Request, loginURL string) string {
	return httptext.LoginChallenge(cmp.Or(loginURL, requestinfo.Below(r, safeurl.LoginURL)))
}

// toLogin redirects to the login page and back; the code says why.
func toLogin(w http.ResponseWriter, r *http.Request, loginURL, field string, why flow.Code) {
	target, err := RedirectToLogin(r, loginURL, field)
	if err != nil {
		Fail(w, r, err)
		return
	}
	flow.Emit(r.Context(), why)
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
				flow.Emit(r.Context(), "access.open")
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
				flow.Emit(r.Context(), "access.let_in",
					slog.String("guard", "LoginRequired"), slog.String("user", user.ID))
				next.ServeHTTP(w, r)
			}
		})
	}
}
