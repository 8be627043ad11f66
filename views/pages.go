package views

import (
	"embed"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"

	"github.com/coatcheck/coatcheck/accounts/login"
	"github.com/coatcheck/coatcheck/accounts/passwordchange"
	"github.com/coatcheck/coatcheck/accounts/signup"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/pages"
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
	// DocsURL is where the documentation begins.
	DocsURL string

	docs func(page string) string // the address of a page of the documentation
}

// floor is a layer in the picture of the home page.
type floor struct {
	Number, Y  int
	Name, Docs string
	Door       bool // where requests come in
}

// Floors are the five layers from the top, in the language of t, with the page about each.
func (h HomePage) Floors(t *i18n.Translator) []floor {
	all := []floor{
		{Name: t.T("Access control"), Docs: "library"},
		{Name: t.T("Views"), Docs: "templates"},
		{Name: t.T("Middleware"), Docs: "flow", Door: true},
		{Name: t.T("Session engine"), Docs: "session-engines"},
		{Name: t.T("Database"), Docs: "databases"},
	}
	for i := range all {
		all[i].Number, all[i].Y, all[i].Docs = len(all)-i, 40+42*i, h.docs(all[i].Docs)
	}
	return all
}

//go:embed templates
var ownFiles embed.FS

// site is the feature of the pages in this package.
type site struct{ *pages.Kit }

// Files are the pages.
func (site) Files() fs.FS {
	own, err := fs.Sub(ownFiles, "templates")
	if err != nil {
		panic(err) // they are embedded
	}
	return own
}

// Routes are the addresses below pages.Path: none, since the program mounts these pages.
func (site) Routes() []pages.Route { return nil }

// Home is the page at "/": it tells visitors what they can do here and who they are, and anyone
// who is curious what happens where. Programs get the addresses.
func (v *Views) Home() http.Handler {
	return v.Handler(func(w http.ResponseWriter, r *http.Request) {
		flow.Emit(r.Context(), "home.shown")
		if negotiate.HTML(r) {
			v.Render(w, r, http.StatusOK, "home.html", HomePage{
				origin(r),
				requestinfo.Below(r, PublicURL), requestinfo.Below(r, APIProfileURL), v.Docs(r, ""),
				func(page string) string { return v.Docs(r, page) },
			})
			return
		}
		pages.JSON(w, http.StatusOK, map[string]any{"name": v.SiteName(), "links": map[string]string{
			"signup": requestinfo.Below(r, signup.URL), "login": v.LoginURL(r),
			"logout":  requestinfo.Below(r, login.LogoutURL),
			"profile": requestinfo.Below(r, login.ProfileURL), "public": requestinfo.Below(r, PublicURL),
			"api_profile": requestinfo.Below(r, APIProfileURL),
		}})
	}, http.MethodGet, http.MethodHead)
}

// WellKnownChangePassword leads to the page for another password. Password managers look
// for it at /.well-known/change-password of the host (W3C, A Well-Known URL for Changing
// Passwords).
func (v *Views) WellKnownChangePassword() http.Handler {
	return v.Handler(func(w http.ResponseWriter, r *http.Request) {
		v.GoTo(w, r, passwordchange.URL)
	}, http.MethodGet, http.MethodHead)
}

// WellKnown returns the handlers of documents below /.well-known/ of the host, by their paths: that
// of WellKnownChangePassword, and those of features, such as passkeys.
func (v *Views) WellKnown() map[string]http.Handler {
	all := map[string]http.Handler{"/.well-known/change-password": v.WellKnownChangePassword()}
	for _, feature := range v.features {
		if with, ok := feature.(interface {
			WellKnown() map[string]http.Handler
		}); ok {
			maps.Copy(all, with.WellKnown())
		}
	}
	return all
}

// Public is a page without any restriction: it asks neither for the session nor
// for the user, so it costs no query.
func (v *Views) Public() http.Handler {
	return v.Cacheable(func(w http.ResponseWriter, r *http.Request) {
		flow.Emit(r.Context(), "public.shown")
		if negotiate.HTML(r) {
			v.Render(w, r, http.StatusOK, "public.html", nil)
			return
		}
		pages.JSON(w, http.StatusOK, map[string]string{"profile": "data"})
	}, http.MethodGet, http.MethodHead)
}

// APIProfile is a view that checks by itself who the request is, and speaks
// JSON alone.
func (v *Views) APIProfile() http.Handler {
	return v.Handler(func(w http.ResponseWriter, r *http.Request) {
		user, err := auth.UserFromContext(r.Context())
		switch {
		case err != nil:
			middleware.Fail(w, r, err)
		case !user.IsAuthenticated():
			flow.Emit(r.Context(), "access.unauthorized")
			w.Header().Set("WWW-Authenticate", httptext.LoginChallenge(v.LoginURL(r)))
			pages.JSON(w, http.StatusUnauthorized, map[string]string{"error": v.Translator(w,
				r).T("Unauthorized")})
		default:
			flow.Emit(r.Context(), "access.let_in",
				slog.String("guard", "view"), slog.String("user", user.ID))
			v.SayProfile(w, r, user)
		}
	}, http.MethodGet, http.MethodHead)
}

// origin is the address by which the client reached the site, or a usual one
// where that could not stand in a line of a shell.
func origin(r *http.Request) string {
	if !pages.IsHost(requestinfo.Host(r)) {
		return "http://localhost:8000"
	}
	return requestinfo.Origin(r)
}
