package views

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/middleware"
)

// Where the server mounts the pages of the site.
const (
	PublicURL     = "/public/"
	APIProfileURL = "/api/profile"
)

// HomePage is what home.html shows.
type HomePage struct {
	// Origin is the address of the site, for commands to copy.
	Origin string
	// PublicURL and APIProfileURL are the other pages of the site.
	PublicURL, APIProfileURL string
}

// Home is the page at "/": it tells what happens where, and who the visitor is.
// To a program it gives the addresses.
func (v *Views) Home() http.Handler {
	return v.account(func(w http.ResponseWriter, r *http.Request) {
		flow.Emit(r.Context(), "home.shown")
		if negotiate.HTML(r) {
			v.Render(w, r, http.StatusOK, "home.html", HomePage{origin(r), requestinfo.Below(r, PublicURL), requestinfo.Below(r, APIProfileURL)})
			return
		}
		sayJSON(w, http.StatusOK, map[string]any{"name": v.config.SiteName, "links": map[string]string{
			"signup": requestinfo.Below(r, SignupURL), "login": v.loginURL(r), "logout": requestinfo.Below(r, LogoutURL),
			"profile": requestinfo.Below(r, ProfileURL), "public": requestinfo.Below(r, PublicURL),
			"api_profile": requestinfo.Below(r, APIProfileURL),
		}})
	}, http.MethodGet, http.MethodHead)
}

// WellKnownChangePassword leads to the page for another password. Password managers look
// for it at /.well-known/change-password of the host (W3C, A Well-Known URL for Changing
// Passwords).
func (v *Views) WellKnownChangePassword() http.Handler {
	return v.account(func(w http.ResponseWriter, r *http.Request) {
		v.redirect(w, r, requestinfo.Below(r, PasswordChangeURL))
	}, http.MethodGet, http.MethodHead)
}

// Public is a page without any restriction: it asks neither for the session nor
// for the user, so it costs no query.
func (v *Views) Public() http.Handler {
	return v.view(func(w http.ResponseWriter, r *http.Request) {
		flow.Emit(r.Context(), "public.shown")
		if negotiate.HTML(r) {
			v.Render(w, r, http.StatusOK, "public.html", nil)
			return
		}
		sayJSON(w, http.StatusOK, map[string]string{"profile": "data"})
	}, http.MethodGet, http.MethodHead)
}

// APIProfile is a view that checks by itself who the request is, and speaks
// JSON alone.
func (v *Views) APIProfile() http.Handler {
	return v.account(func(w http.ResponseWriter, r *http.Request) {
		user, err := auth.UserFromContext(r.Context())
		switch {
		case err != nil:
			middleware.Fail(w, r, err)
		case !user.IsAuthenticated():
			flow.Emit(r.Context(), "access.unauthorized")
			w.Header().Set("WWW-Authenticate", httptext.LoginChallenge(v.loginURL(r)))
			sayJSON(w, http.StatusUnauthorized, map[string]string{"error": v.translator(w, r).T("Unauthorized")})
		default:
			flow.Emit(r.Context(), "access.let_in", slog.String("guard", "view"), slog.String("user", user.ID))
			v.sayProfile(w, r, user)
		}
	}, http.MethodGet, http.MethodHead)
}

// NotFound answers with a page that says that there is none.
func (v *Views) NotFound() http.Handler {
	return v.view(func(w http.ResponseWriter, r *http.Request) {
		httptext.NeverCache(w.Header(), time.Now())
		v.notFound(w, r)
	}, http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete)
}

// origin is the address by which the client reached the site, or a usual one
// where that could not stand in a line of a shell.
func origin(r *http.Request) string {
	if !isHost(requestinfo.Host(r)) {
		return "http://localhost:8000"
	}
	return requestinfo.Origin(r)
}
