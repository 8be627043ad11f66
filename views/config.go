package views

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/safeurl"
)

// Where the views are. Django's names, below the usual include of its URLs.
const (
	Path      = "/accounts/"
	LoginPath = Path + "login/"
	SignupURL = Path + "signup/"
	// SignupSentURL tells new users to look at their mails.
	SignupSentURL = SignupURL + "sent/"
	LogoutURL     = Path + "logout/"
	ProfileURL    = Path + "profile/"

	PasswordChangeURL     = Path + "password_change/"
	PasswordChangeDoneURL = PasswordChangeURL + "done/"

	PasswordResetURL         = accounts.PasswordResetPath
	PasswordResetDoneURL     = PasswordResetURL + "done/"
	PasswordResetCompleteURL = accounts.ResetPath + "done/"
)

// Config says how the account pages look and where they lead. Only Auth is
// required.
type Config struct {
	// Auth finds, makes and signs in users.
	Auth *auth.Service
	// Accounts is what people do with their accounts beyond signing in and out: where
	// they are signed in, links and mails. Nil leaves out the pages that need it.
	Accounts *accounts.Service
	// Languages are the catalogues of the pages; nil means i18n.Default().
	Languages *i18n.Catalogues
	// SiteName is shown on every page; "Coatcheck" when empty.
	SiteName string
	// LoginURL is safeurl.LoginURL of this site when empty; a path, which gets no script
	// name in front, or a URL of another host. Django: LOGIN_URL.
	LoginURL string
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
	// SignupVerification makes accounts only once their e-mail address is confirmed
	// by the link of a mail. It needs Accounts that send mails.
	SignupVerification bool
	// SignupInvitation lets people sign up by an invitation only, a link that
	// Accounts.Invite or coatcheck invite makes. It needs Accounts, and replaces
	// SignupVerification and SignupClosed.
	SignupInvitation bool
	// LoginAfterSignup signs in who has chosen a password on the page for signing up or by
	// an invitation, where by default they log in with it. It cannot be set with
	// SignupVerification: whoever opens the link of an email need not have chosen the
	// password.
	LoginAfterSignup bool
	// Validate judges the password of a new user, of whom the typed fields are
	// known, where it has 1 to 4,096 bytes. It returns validate.Errors,
	// whose messages are shown to the user, or any other error for an outage. Nil
	// means Auth.ValidatePassword, so by the validators of the configuration.
	Validate func(ctx context.Context, password string, user *auth.User) error
	// Templates has files that replace ours of the same name, which TemplateNames lists,
	// and pages of the program's own: *.html of other names, shown by Render. New reads
	// them all; a file that is broken, or is neither, is an error that names it. Files
	// whose name begins with a dot are left out. Nil means ours alone.
	Templates fs.FS
}

// check fills in the defaults and refuses what cannot work.
func (c *Config) check() error {
	if c.Auth == nil {
		return errors.New("views: no auth service given; set Config.Auth")
	}
	if err := c.checkSignup(); err != nil {
		return err
	}
	if c.Validate == nil {
		c.Validate = c.Auth.ValidatePassword
	}
	if c.Languages == nil {
		c.Languages = i18n.Default()
	}
	if c.SiteName == "" {
		c.SiteName = "Coatcheck"
	}
	for name, target := range map[string]string{
		"LoginURL": c.LoginURL, "LoginRedirectURL": c.LoginRedirectURL, "LogoutRedirectURL": c.LogoutRedirectURL,
	} {
		u, err := url.Parse(target)
		if err == nil && target != "" {
			_, err = safeurl.LoginRedirect("/", target, safeurl.RedirectFieldName)
		}
		if err != nil {
			return fmt.Errorf("views: Config.%s: %w", name, err)
		}
		if u.Host != "" && !isHost(u.Host) {
			return fmt.Errorf("views: Config.%s is %q; write its host in ASCII, an international name in its xn-- form", name, target)
		}
	}
	for _, host := range c.AllowedRedirectHosts {
		if !isHost(host) {
			return fmt.Errorf("views: Config.AllowedRedirectHosts has %q; it must be a host name, perhaps with a port, such as %q",
				host, "app.example:8443")
		}
	}
	return nil
}

// checkSignup refuses ways to sign up that cannot work.
func (c *Config) checkSignup() error {
	switch {
	case c.SignupVerification && !c.sendsMail():
		return errors.New("views: Config.SignupVerification needs mails; set Mail and BaseURL of the accounts")
	case c.LoginAfterSignup && c.SignupVerification:
		return errors.New("views: Config.LoginAfterSignup (--login-after-signup) is set with " +
			"SignupVerification (--signup-verification); " +
			"set one of them, since whoever opens the link of an email need not have chosen the password")
	case c.SignupInvitation && c.Accounts == nil:
		return errors.New("views: Config.SignupInvitation needs Config.Accounts, and so the tables that coatcheck migrate makes")
	case c.SignupInvitation && (c.SignupVerification || c.SignupClosed):
		return errors.New("views: Config.SignupInvitation is set with SignupVerification or SignupClosed; set one of them")
	}
	return nil
}

// isHost says whether text is nothing but a host with an optional port, so that
// it can stand in a header and in a line of a shell.
func isHost(text string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]"
	u, err := url.Parse("//" + text)
	return err == nil && u.Host == text && text != "" && strings.Trim(text, letters) == ""
}

// formTargets are the origins to which a form may lead by a redirect, for the
// directive form-action, which browsers apply to redirects too.
func (c *Config) formTargets() string {
	var b strings.Builder
	b.WriteString("'self'")
	for _, host := range c.AllowedRedirectHosts {
		b.WriteString(" https://" + host + " http://" + host)
	}
	for _, target := range [...]string{c.LoginURL, c.LoginRedirectURL, c.LogoutRedirectURL} {
		u, err := url.Parse(target)
		if err != nil || !isHost(u.Host) {
			continue
		}
		if u.Scheme == "http" || u.Scheme == "" {
			b.WriteString(" http://" + u.Host)
		}
		b.WriteString(" https://" + u.Host)
	}
	return b.String()
}
