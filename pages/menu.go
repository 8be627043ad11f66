package pages

import (
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/auth"
)

// Menu returns what signed-in users can do with their account: the routes with a link in the
// menu, in the order of the features, those that are set apart last.
func (p *Page) Menu() []Route {
	all := slices.DeleteFunc(p.kit.Routes(), func(r Route) bool { return r.Menu == "" })
	slices.SortStableFunc(all, func(a, b Route) int {
		switch {
		case a.Apart == b.Apart:
			return 0
		case a.Apart:
			return 1
		}
		return -1
	})
	return all
}

// Place returns the name of the route in the menu to which the page belongs, or "" where the
// page has no menu: it is not one of the account, or nobody is signed in.
func (p *Page) Place() string {
	path := p.request.URL.Path
	if !p.kit.isPrivate(path) && !(path == languageURL && p.knowsUser()) {
		return ""
	}
	var place Route
	for _, r := range p.Menu() {
		if strings.HasPrefix(path, r.Pattern) && len(r.Pattern) > len(place.Pattern) {
			place = r
		}
	}
	return place.Name
}

// knowsUser reports whether somebody is signed in, for pages that come also when the database
// is away: then nobody is.
func (p *Page) knowsUser() bool {
	user, err := auth.UserFromContext(p.request.Context())
	return err == nil && user.IsAuthenticated()
}

// isPrivate reports whether a page for signed-in users is at the path.
func (k *Kit) isPrivate(path string) bool {
	return slices.ContainsFunc(k.routes, func(r Route) bool { return r.Private && r.Pattern == path })
}
