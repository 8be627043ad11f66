package access

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/middleware"
)

// RequireUser lets signed-in users in. Visitors are redirected to the login page and come
// back after it, or get 401 if they ask for JSON by name (Django: login_required).
func (a *Access) RequireUser(next http.Handler) http.Handler {
	return a.guard(func(r *http.Request, u *auth.User) (refusal, error) {
		if !u.IsAuthenticated() {
			return a.challenge, nil
		}
		letIn(r, "RequireUser", u)
		return nil, nil
	})(next)
}

// RequirePermission lets users in who have all the permissions, each written
// "app_label.codename" (Django: permission_required with raise_exception). Visitors are
// asked to log in as by RequireUser; users without the permissions get 403 with a sentence
// that names them. It panics without permissions, which everybody would have.
func (a *Access) RequirePermission(permissions ...string) func(http.Handler) http.Handler {
	if len(permissions) == 0 {
		panic("access: RequirePermission without permissions would let everybody in; name one, or use RequireUser")
	}
	return a.guard(func(r *http.Request, u *auth.User) (refusal, error) {
		ok, err := a.config.Auth.HasPermissions(r.Context(), u, permissions...)
		switch {
		case err != nil:
			return nil, err
		case ok:
			letIn(r, "RequirePermission", u)
			return nil, nil
		}
		return a.turnAway(u), nil
	})
}

// Require lets requests in that pass the test (Django: user_passes_test). Visitors who do
// not pass it are asked to log in as by RequireUser. Users get 403 with a sentence that
// names them, where Django shows an empty login form. The test may be asked about an
// anonymous user; middleware.Fail handles its error.
func (a *Access) Require(test func(*http.Request, *auth.User) (bool, error)) func(http.Handler) http.Handler {
	return a.guard(func(r *http.Request, u *auth.User) (refusal, error) {
		switch ok, err := test(r, u); {
		case err != nil:
			return nil, err
		case ok:
			letIn(r, "Require", u)
			return nil, nil
		}
		return a.turnAway(u), nil
	})
}

// Fresh lets users in whose last proof of who they are is at most maxAge ago in this session: a
// login, or what they confirmed since. It is for pages that a stolen session or an unlocked
// screen must not open. Others are redirected to Config.ConfirmURL, which asks for a password,
// a passkey or a code and leads back here, or get 401 with
// error="insufficient_user_authentication" (RFC 9470). The session stays signed in
// concurrently. Django has no counterpart.
//
// A login counts if Auth.Login of this module made it. A login by Django's own page leaves
// no time in the session, so that its users are asked once more, and without a ConfirmURL
// LoginURL must be a page of Coatcheck: Django's would lead back here without end. Fresh makes the service
// keep the time of logins from now on, so call it before the program serves requests;
// who logged in before is asked once more too. It panics if maxAge is under a second.
func (a *Access) Fresh(maxAge time.Duration) func(http.Handler) http.Handler {
	if maxAge < time.Second {
		panic("access: Fresh needs a second at least; give it the greatest age of a login, such as 10*time.Minute")
	}
	a.config.Auth.KeepLoginTimes()
	return a.guard(func(r *http.Request, u *auth.User) (refusal, error) {
		if !u.IsAuthenticated() {
			return a.challenge, nil
		}
		switch fresh, err := a.config.Auth.LoginIsFresh(r.Context(), maxAge); {
		case err != nil:
			return nil, err
		case fresh:
			letIn(r, "Fresh", u)
			return nil, nil
		}
		return func(w http.ResponseWriter, r *http.Request) {
			again := cmp.Or(a.config.ConfirmURL, a.config.LoginURL)
			middleware.ChallengeAgain(w, r, again, a.config.RedirectFieldName, maxAge)
		}, nil
	})
}

// letIn reports to the flow a request that a guard lets in.
func letIn(r *http.Request, guard string, u *auth.User) {
	flow.Emit(r.Context(), "access.let_in", slog.String("guard", guard), slog.String("user", u.ID))
}

// refusal responds to a request that may not enter.
type refusal func(http.ResponseWriter, *http.Request)

// guard runs decide, which returns a refusal or lets in.
func (a *Access) guard(decide func(*http.Request, *auth.User) (refusal, error)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var refuse refusal
			user, err := auth.UserFromContext(r.Context())
			if err == nil {
				refuse, err = decide(r, user)
			}
			switch {
			case err != nil:
				flow.Emit(r.Context(), "access.failed", slog.Any("error", requestinfo.LogError(err)))
				middleware.Fail(w, a.asked(r), err)
			case refuse != nil:
				refuse(w, a.asked(r))
			default:
				next.ServeHTTP(w, r)
			}
		})
	}
}

// asked returns the request by which a refusal chooses its form: for APIs one that asks
// for JSON.
func (a *Access) asked(r *http.Request) *http.Request {
	if !a.api {
		return r
	}
	asked := r.WithContext(r.Context())
	asked.Header = r.Header.Clone()
	asked.Header.Set("Accept", "application/json")
	return asked
}

func (a *Access) challenge(w http.ResponseWriter, r *http.Request) {
	middleware.Challenge(w, r, a.config.LoginURL, a.config.RedirectFieldName)
}

// turnAway refuses visitors until they log in. Users who are signed in get 403, since
// another login of theirs would not help. It says who is signed in: people with two
// accounts often are as the wrong one.
func (a *Access) turnAway(u *auth.User) refusal {
	if !u.IsAuthenticated() {
		return a.challenge
	}
	return func(w http.ResponseWriter, r *http.Request) {
		flow.Emit(r.Context(), "access.forbidden", slog.String("user", u.ID))
		w.Header().Set("Cache-Control", "no-store")
		middleware.Say(w, r, http.StatusForbidden,
			i18n.Mark("You are signed in as %(username)s, and this account may not open this page. To use another account, log out first."),
			"username", u.String())
	}
}
