package views

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/twofactor"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/brand"
	"github.com/coatcheck/coatcheck/messages"
	"github.com/coatcheck/coatcheck/pages"
	"github.com/coatcheck/coatcheck/signing"
)

// Options are how the account pages look and where they lead.
type Options struct {
	// LoginRedirectURL is where a login leads that was not asked for by another
	// page; safeurl.LoginRedirectURL of this site when empty. Django: LOGIN_REDIRECT_URL.
	LoginRedirectURL string
	// LogoutRedirectURL is where a logout leads; when empty it shows a page that
	// says so. Django: LOGOUT_REDIRECT_URL.
	LogoutRedirectURL string
	// AllowedRedirectHosts are hosts, with the port if it is not the usual one,
	// to which "next" may lead besides this one. Django: success_url_allowed_hosts.
	AllowedRedirectHosts []string
	// RedirectAuthenticatedUser sends browsers that are signed in away from the
	// pages for logging in and signing up. It lets other sites find out whether
	// a visitor is signed in. Django: redirect_authenticated_user.
	RedirectAuthenticatedUser bool
	// NoRememberMe leaves the box "Remember me" out of the login page; every session
	// then lives as long as the site's settings say.
	NoRememberMe bool
	// SignupClosed lets nobody sign up by the page, and hides the links to it.
	SignupClosed bool
	// SignupVerification creates accounts only once their email address is confirmed
	// by the link of an email. It needs Accounts that send emails.
	SignupVerification bool
	// SignupInvitation lets people sign up by an invitation only, a link that
	// Accounts.Invite or coatcheck invite makes. It needs Accounts, and replaces
	// SignupVerification and SignupClosed.
	SignupInvitation bool
	// LoginAfterSignup signs in who has chosen a password on the page for signing up or by
	// an invitation, where by default they log in with it. It cannot be set with
	// SignupVerification: anyone who opens the link of an email need not have chosen the
	// password.
	LoginAfterSignup bool
	// RecentProof is how old the last proof of who a user is may be on pages that change how to
	// sign in, such as those of passkeys. Users whose last login is longer ago confirm first that
	// it is them, by their password, a passkey or a code. It is five minutes when zero; when
	// negative the pages ask for no proof.
	RecentProof time.Duration
	// Validate judges the password of a new user, of whom the typed fields are
	// known, where it has 1 to 4,096 bytes. It returns validate.Errors,
	// whose messages are shown to the user, or any other error for a failure of the store. Nil
	// means Auth.ValidatePassword, so by the validators of the configuration.
	Validate func(ctx context.Context, password string, user *auth.User) error
	// DocsPath is where the program serves Coatcheck's documentation, "/docs/" for instance, so
	// that links lead there. Empty means the documentation in the repository.
	DocsPath string
	// Templates has files that replace ours of the same name, which TemplateNames lists,
	// and pages of the program's own: *.html of other names, shown by Render. New reads
	// them all; a file that is broken, or is neither, is an error that names it. Files
	// whose name begins with a dot are left out. Nil means ours alone.
	Templates fs.FS
	// Extras are features that a program opts into because they bring modules of their own, such
	// as passkeys.New. New calls each with what the pages are made of.
	Extras []Extra
}

// Extra creates a feature of the account pages. It returns nil where the configuration lacks what
// the feature needs, of which it then warns. The service is nil where the database lacks tables.
type Extra func(k *pages.Kit, a *accounts.Service) (pages.Feature, error)

// Config specifies what the account pages work with. Only Auth is required.
type Config struct {
	Options
	// Auth finds, makes and signs in users.
	Auth *auth.Service
	// Accounts is what people do with their accounts beyond signing in and out: where
	// they are signed in, links and emails. Nil leaves out the pages that need it.
	Accounts *accounts.Service
	// TwoFactor keeps the second factors of users. Nil leaves out the pages about them.
	TwoFactor *twofactor.Service
	// Languages are the catalogues of the pages; nil means i18n.Default().
	Languages *i18n.Catalogues
	// SiteName is shown on every page; "Coatcheck" when empty.
	SiteName string
	// Brand is the logo, the colours and the link to where visitors get help; nil means ours.
	// It is made of the fields of coatcheck.SiteOptions.
	Brand *brand.Brand
	// LoginURL is safeurl.LoginURL of this site when empty; a path, which gets no script
	// name in front, or a URL of another host. Django: LOGIN_URL.
	LoginURL string
	// Keys sign what a page leaves for the next one. Without any, the login page does not know
	// who has signed up, nor other pages where an email went.
	Keys signing.Keys
	// Messages keeps notices for the next page, such as that a password was changed. Nil means
	// those of a middleware around the pages, if any.
	Messages *messages.Service
	// Logger is told of pages that could not be made; slog.Default() when nil.
	Logger *slog.Logger
}

// check refuses what cannot work.
func (c *Config) check() error {
	switch sendsEmail := c.Accounts != nil && c.Accounts.SendsMail(); {
	case c.SignupVerification && !sendsEmail:
		return errors.New("views: Config.SignupVerification needs emails; set Mail and BaseURL of the " +
			"accounts")
	case c.LoginAfterSignup && c.SignupVerification:
		return errors.New("views: Config.LoginAfterSignup (--login-after-signup) is set with " +
			"SignupVerification (--signup-verification); " +
			"set one of them, since the person who opens the link need not have chosen the password")
	case c.SignupInvitation && c.Accounts == nil:
		return errors.New("views: Config.SignupInvitation needs Config.Accounts, and so the tables that " +
			"coatcheck migrate makes")
	case c.SignupInvitation && (c.SignupVerification || c.SignupClosed):
		return errors.New("views: Config.SignupInvitation is set with SignupVerification or SignupClosed; " +
			"set one of them")
	}
	return nil
}
