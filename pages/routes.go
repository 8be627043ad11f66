package pages

import (
	"net/http"
	"slices"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/safeurl"
)

// The methods that pages accept: those that are only looked at, and those with a form.
var (
	GET        = []string{http.MethodGet, http.MethodHead}
	GETAndPOST = []string{http.MethodGet, http.MethodHead, http.MethodPost}
)

// Route is one address of the account pages.
type Route struct {
	// Name is Django's name of the URL where Django has such a page, "password_reset"
	// for instance.
	Name string
	// Pattern is the path as http.ServeMux takes it, "/accounts/reset/{uidb64}/{token}/".
	Pattern string
	// Methods are those that it accepts, OPTIONS aside.
	Methods []string
	// Private means that it is for signed-in users: others are redirected to the login page
	// or get 401.
	Private bool
	// Menu is the text of the link to it in the menu of the account pages, marked for
	// translation; empty for no link. See InMenu.
	Menu string
	// Apart sets that link apart, behind all others: what it leads to cannot be undone.
	Apart bool
	// NoToken means that the address takes POST requests without the token of a form: no guard
	// against forged requests asks for one. It asks for what pages of other sites cannot send in its
	// place: a header, or the signature of another server.
	NoToken bool
	// Handler is the page, for programs that mount it elsewhere too.
	Handler http.Handler
}

// InMenu returns the route with a link in the menu of the account pages, whose text is marked by
// i18n.Mark. Links are in the order of the features, those that are set apart last.
func (r Route) InMenu(label string) Route {
	r.Menu = label
	return r
}

// Page returns the route of a page that a view makes.
func (k *Kit) Page(name, pattern string, view http.HandlerFunc, methods ...string) Route {
	return Route{Name: name, Pattern: pattern, Methods: methods, Handler: k.Handler(view, methods...)}
}

// PrivatePage returns the route of a page for signed-in users.
func (k *Kit) PrivatePage(name, pattern string, view http.HandlerFunc, methods ...string) Route {
	return Route{
		Name: name, Pattern: pattern, Methods: methods, Private: true,
		Handler: k.Private(view, methods...),
	}
}

// Routes lists every address below Path that the configuration has, for documents
// and tests: a route that is not in a list of theirs should make them fail.
func (k *Kit) Routes() []Route { return slices.Clone(k.routes) }

// Route returns the route of that name, to mount its Handler elsewhere too; the zero Route if
// the configuration has none.
func (k *Kit) Route(name string) Route {
	for _, r := range k.routes {
		if r.Name == name {
			return r
		}
	}
	return Route{}
}

// NoToken reports whether a request is for a route that asks for no token of a form.
func (k *Kit) NoToken(r *http.Request) bool {
	some := slices.ContainsFunc(k.routes, func(route Route) bool { return route.NoToken })
	if !some || r.Method != http.MethodPost {
		return false
	}
	_, pattern := k.mux.Handler(r)
	return slices.ContainsFunc(k.routes, func(route Route) bool {
		return route.NoToken && route.Pattern+"{$}" == pattern
	})
}

// ServeHTTP serves everything below Path.
func (k *Kit) ServeHTTP(w http.ResponseWriter, r *http.Request) { k.mux.ServeHTTP(w, r) }

// Handle mounts what is no page, such as a document, at a pattern of http.ServeMux.
func (k *Kit) Handle(pattern string, h http.Handler) { k.mux.Handle(pattern, h) }

// mount mounts the routes.
func (k *Kit) mount() {
	for _, r := range k.routes {
		k.urls[r.Name] = r.Pattern
		k.mux.Handle(r.Pattern+"{$}", r.Handler)
		k.mux.Handle(r.Pattern[:len(r.Pattern)-1], k.Cacheable(addSlash, GETAndPOST...))
	}
	k.mux.Handle(Path+"{$}", k.Handler(k.index, GET...))
	k.mux.Handle(Path+"static/{name}", k.Cacheable(k.static, GET...))
	k.mux.Handle("/", k.Cacheable(k.notFound, GETAndPOST...))
}

// index leads from Path to the profile, which leads visitors to the login page.
func (k *Kit) index(w http.ResponseWriter, r *http.Request) {
	k.GoTo(w, r, safeurl.LoginRedirectURL)
}

// URL returns the address of a page by the name of its route, or nothing where the site has
// no such page. Django: reverse.
func (k *Kit) URL(r *http.Request, name string) string {
	if pattern := k.urls[name]; pattern != "" {
		return requestinfo.Below(r, pattern)
	}
	return ""
}

// addSlash redirects to the same address with a slash at its end. The method and
// the body stay.
func addSlash(w http.ResponseWriter, r *http.Request) {
	target := requestinfo.Below(r, r.URL.Path) + "/"
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusPermanentRedirect)
}

// NotFound returns a handler of any method that responds with 404 and a page that says that
// there is nothing.
func (k *Kit) NotFound() http.Handler {
	return k.Handler(k.notFound, http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
		http.MethodPatch, http.MethodDelete)
}

func (k *Kit) notFound(w http.ResponseWriter, r *http.Request) {
	k.Refuse(w, r, &Refusal{http.StatusNotFound, i18n.Mark("There is nothing at this address.")})
}
