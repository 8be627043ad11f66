// Package totp is the pages about second factors: where users add and remove an app that shows
// codes, and the steps of a login that ask for a code. It is on floor 4, the views: a feature.
package totp

import (
	"embed"
	"io/fs"
	"net/http"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/twofactor"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/pages"
	"github.com/coatcheck/coatcheck/sessions"
)

// Where the pages are, beside twofactor.CodeURL and twofactor.SetupURL.
const (
	URL       = accounts.TwoFactorPath
	AddURL    = URL + "add/"
	CodesURL  = URL + "recovery_codes/"
	RemoveURL = URL + "remove/"
)

//go:embed *.html openapi.json
var files embed.FS

// Feature is the pages.
type Feature struct {
	*pages.Kit
	factors  *twofactor.Service
	accounts *accounts.Service // tells users by email; nil for no email
}

// New returns the pages; none without a service of second factors.
func New(k *pages.Kit, factors *twofactor.Service, a *accounts.Service) *Feature {
	return &Feature{k, factors, a}
}

// Files are the pages, and their description.
func (*Feature) Files() fs.FS { return files }

// Routes are the addresses.
func (f *Feature) Routes() []pages.Route {
	if f.factors == nil {
		return nil
	}
	code := f.Page("login_code", twofactor.CodeURL, f.code, pages.GETAndPOST...)
	if !f.factors.Stores() {
		return []pages.Route{code}
	}
	return []pages.Route{
		f.PrivatePage("two_factor", URL, f.state, pages.GET...).InMenu(i18n.Mark("Two-factor login")),
		f.PrivatePage("two_factor_add", AddURL, f.RecentWithoutPassword(f.add), pages.GETAndPOST...),
		f.PrivatePage("recovery_codes", CodesURL, f.renew, pages.GETAndPOST...),
		f.PrivatePage("two_factor_remove", RemoveURL, f.remove, pages.GETAndPOST...),
		code,
		f.Page("login_two_factor", twofactor.SetupURL, f.setup, pages.GETAndPOST...),
	}
}

// state shows what the user has.
func (f *Feature) state(w http.ResponseWriter, r *http.Request) {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	state, err := f.factors.State(r.Context(), user)
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	if negotiate.HTML(r) {
		f.Render(w, r, http.StatusOK, "two_factor.html", state)
		return
	}
	pages.JSON(w, http.StatusOK, map[string]any{
		"app": state.Has(), "django_otp": state.Django, "recovery_codes": state.RecoveryCodes, "required": state.Required,
	})
}

// visitor returns the user of a request, and the session.
func visitor(r *http.Request) (*auth.User, *sessions.Session, error) {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		return nil, nil, err
	}
	session, err := sessions.FromContext(r.Context())
	return user, session, err
}

// leave refuses a page for what the user has or has not: it leads browsers to the overview, which
// shows the sentence once, and a program gets 409.
func (f *Feature) leave(w http.ResponseWriter, r *http.Request, sentence string) {
	if negotiate.HTML(r) {
		f.Finish(w, r, URL, f.Translator(w, r).T(sentence), "")
		return
	}
	f.Refuse(w, r, &pages.Refusal{Status: http.StatusConflict, Sentence: sentence})
}
