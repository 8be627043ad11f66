package views

import (
	"io/fs"
	"slices"

	"github.com/coatcheck/coatcheck/accounts/closing"
	"github.com/coatcheck/coatcheck/accounts/confirm"
	"github.com/coatcheck/coatcheck/accounts/emailchange"
	"github.com/coatcheck/coatcheck/accounts/login"
	"github.com/coatcheck/coatcheck/accounts/name"
	"github.com/coatcheck/coatcheck/accounts/passwordchange"
	"github.com/coatcheck/coatcheck/accounts/passwordcheck"
	"github.com/coatcheck/coatcheck/accounts/passwordreset"
	"github.com/coatcheck/coatcheck/accounts/profile"
	"github.com/coatcheck/coatcheck/accounts/rescue"
	"github.com/coatcheck/coatcheck/accounts/sessionlist"
	"github.com/coatcheck/coatcheck/accounts/signup"
	"github.com/coatcheck/coatcheck/accounts/totp"
	"github.com/coatcheck/coatcheck/pages"
)

// Path is where a program mounts the account pages: Django's usual include of its URLs.
const Path = pages.Path

// Views are the account pages. As a handler it serves everything below Path; Routes
// has the single pages, for programs that mount one elsewhere too, and Render shows pages
// of the program's own. It is safe for concurrent use.
type Views struct {
	*pages.Kit
	features []pages.Feature
}

// New checks the configuration, reads the templates and makes the views.
func New(c Config) (*Views, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	kit, err := pages.New(pages.Config{
		Auth: c.Auth, Languages: c.Languages, SiteName: c.SiteName, Brand: c.Brand,
		LoginURL: c.LoginURL, LoginRedirectURL: c.LoginRedirectURL, LogoutRedirectURL: c.LogoutRedirectURL,
		AllowedRedirectHosts: c.AllowedRedirectHosts, RedirectAuthenticatedUser: c.RedirectAuthenticatedUser,
		HideSignup: c.SignupClosed || c.SignupInvitation,
		SendsEmail: c.Accounts != nil && c.Accounts.SendsMail(),
		Keys:       c.Keys, Messages: c.Messages, RecentProof: c.RecentProof,
		Validate: c.Validate, Templates: c.Templates, DocsPath: c.DocsPath, Logger: c.Logger,
	})
	if err != nil {
		return nil, err
	}
	all := features(kit, c)
	for _, extra := range c.Extras {
		feature, err := extra(kit, c.Accounts)
		if err != nil {
			return nil, err
		}
		if feature != nil {
			all = append(all, feature)
		}
	}
	if err := kit.Mount(all...); err != nil {
		return nil, err
	}
	kit.Handle(OpenAPIURL, kit.Cacheable(describe(describeAll(all)), pages.GET...))
	return &Views{kit, all}, nil
}

// features are the account pages; those that the configuration lacks have no routes.
func features(k *pages.Kit, c Config) []pages.Feature {
	return []pages.Feature{
		site{k},
		login.New(k, !c.NoRememberMe),
		signup.New(k, c.Accounts, signup.Options{
			Closed: c.SignupClosed, Verification: c.SignupVerification, Invitation: c.SignupInvitation,
			Login: c.LoginAfterSignup,
		}),
		profile.New(k),
		name.New(k),
		passwordcheck.New(k),
		passwordchange.New(k, c.Accounts),
		passwordreset.New(k, c.Accounts),
		emailchange.New(k, c.Accounts),
		totp.New(k, c.TwoFactor, c.Accounts),
		confirm.New(k, c.TwoFactor, c.Accounts),
		sessionlist.New(k, c.Accounts),
		rescue.New(k, c.Accounts),
		closing.New(k, c.Accounts),
	}
}

// TemplateNames returns the names of the files that Config.Templates may replace, in
// order. Files *.html of other names add pages.
func TemplateNames() []string {
	var names []string
	folders := []fs.FS{pages.Templates()}
	for _, f := range features(nil, Config{}) {
		folders = append(folders, f.Files())
	}
	for _, folder := range folders {
		files, err := fs.Glob(folder, "*")
		if err != nil {
			panic(err) // they are embedded
		}
		names = append(names, files...)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == pages.OpenAPIFile })
	slices.Sort(names)
	return names
}
