package pages

import "github.com/coatcheck/coatcheck/internal/requestinfo"

// signIn is a link of the login page to another way to sign in.
type signIn struct {
	// Name is what the link names, such as an OpenID provider.
	Name string
	// URL is where it leads.
	URL string
}

// AddSignIn adds a link "Sign in with NAME" to the login page, to a path of this site that takes the
// return URL as it does. It is for features, before Mount.
func (k *Kit) AddSignIn(name, path string) { k.signIns = append(k.signIns, signIn{name, path}) }

// SignIns are the links of the login page to other ways to sign in.
func (p *Page) SignIns() []signIn { //nolint:revive // for templates, which read its fields
	all := make([]signIn, len(p.kit.signIns))
	for i, one := range p.kit.signIns {
		all[i] = signIn{one.Name, requestinfo.Below(p.request, one.URL)}
	}
	return all
}
