package oidc

import (
	"embed"
	"io/fs"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/pages"
	"github.com/coatcheck/coatcheck/safeurl"
)

// Where the pages are. Those of a provider are below its name.
const (
	URL       = pages.Path + "oidc/"
	addURL    = URL + "add/"
	removeURL = URL + "remove/"
	ofURL     = URL + "{provider}/"
)

// Method is that of the proof of a login by a provider.
const Method = "oidc"

// freshFor is how old the login of a session may be that links or unlinks an account.
const freshFor = 5 * time.Minute

//go:embed *.html openapi.json
var files embed.FS

// Feature is the pages.
type Feature struct {
	*pages.Kit
	accounts *accounts.Service
	options  Options
	parties  []*party
	now      func() time.Time
}

// New returns what makes the pages: a views.Extra. There are none without accounts, and none, with
// a warning, where the database lacks the table.
func New(o Options) func(*pages.Kit, *accounts.Service) (pages.Feature, error) {
	return func(k *pages.Kit, a *accounts.Service) (pages.Feature, error) {
		if err := o.check(); err != nil {
			return nil, err
		}
		if a == nil || len(o.Providers) == 0 {
			return nil, nil
		}
		if err := a.OIDCReady(); err != nil {
			k.Logger().Warn("nobody can sign in by a provider", "error", err)
			return nil, nil
		}
		f := &Feature{Kit: k, accounts: a, options: o, now: time.Now}
		for _, p := range o.Providers {
			f.parties = append(f.parties, newParty(p))
			k.AddSignIn(p.label(), URL+p.Name+"/start/")
		}
		k.Auth().KeepLoginTimes()
		return f, nil
	}
}

// Files are the pages, and their description.
func (*Feature) Files() fs.FS { return files }

// Routes are the addresses.
func (f *Feature) Routes() []pages.Route {
	logout := f.Page("oidc_logout", ofURL+"backchannel-logout/", f.logout, http.MethodPost)
	logout.NoToken = true
	return []pages.Route{
		f.PrivatePage("oidc", URL, f.list, pages.GET...).InMenu(i18n.Mark("Linked accounts")),
		f.PrivatePage("oidc_add", addURL, f.fresh(f.add), pages.GET...),
		{
			Name: "oidc_remove", Pattern: removeURL, Methods: []string{http.MethodPost}, Private: true,
			Handler: f.Button(f.fresh(f.remove), URL),
		},
		f.Page("oidc_start", ofURL+"start/", f.start, pages.GET...),
		f.Page("oidc_callback", ofURL+"callback/", f.callback, http.MethodGet),
		logout,
	}
}

// party returns the provider that the address names, or nil.
func (f *Feature) party(r *http.Request) *party {
	for _, p := range f.parties {
		if p.Name == r.PathValue("provider") {
			return p
		}
	}
	return nil
}

// fresh returns a view for users whose login is at most five minutes old. Others are asked to log
// in again, by the login page that leads back.
func (f *Feature) fresh(view http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch fresh, err := f.Auth().LoginIsFresh(r.Context(), freshFor); {
		case err != nil:
			f.Fail(w, r, err)
		case fresh:
			view(w, r)
		default:
			middleware.ChallengeAgain(w, r, f.LoginURL(r), safeurl.RedirectFieldName, freshFor)
		}
	}
}
