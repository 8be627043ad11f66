package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
)

// TestBrowserInvitation: somebody is invited by email, and makes an account.
func TestBrowserInvitation(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes some seconds")
	}
	j := newJourney(t, func(c *coatcheck.Config) {
		c.Views.SignupVerification, c.Views.SignupInvitation = false, true
		c.Site.Accent, c.Site.Support = "#876c00", "mailto:help@shop.example" // as light as an accent may be
		c.Site.Logo = []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 32"><style>
			rect { fill: #876c00 } @media (prefers-color-scheme: dark) { rect { fill: #ffd23f } }
		</style><rect width="120" height="32" rx="8"/></svg>`)
	})
	if _, err := j.site.Accounts.Invite(t.Context(), "bob@example.com", "en"); err != nil {
		t.Fatal(err)
	}
	link := j.letter("invitation", "bob@example.com", "invited")
	j.follow(link)
	j.want(link, "You are invited")
	j.wantLogo()
	j.inspect("invitation")
	j.fill("username", "bob", "password", canary)
	j.want("/accounts/login/", "Log in")
	j.fill("username", "bob", "password", canary)
	j.want("/accounts/profile/", "Your profile")
	j.follow(link)
	j.inspect("invitation-used")
}

// wantLogo checks that the browser shows the logo in the size that the page names, so that nothing
// moved when it came.
func (j *journey) wantLogo() {
	j.t.Helper()
	const script = `(async () => {
		const logo = document.querySelector('.brand img');
		await logo.decode();
		const moved = performance.getEntriesByType('layout-shift').length;
		return [logo.alt, logo.width, logo.height, logo.naturalWidth > 0, moved].join(' ');
	})()`
	got, err := chromedp.Run(j.ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil || got != "The Shop 105 28 true 0" {
		j.t.Errorf("the logo: %q, %v", got, err)
	}
}

// TestBrowserLongNames: names, addresses and a site's name as long as they may be.
func TestBrowserLongNames(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes some seconds")
	}
	j := newJourney(t, func(c *coatcheck.Config) { c.Site.Name = "Donaudampfschifffahrtsgesellschaft & Söhne" })
	name := strings.Repeat("Rindfleischetikettierung.", 6)
	email := strings.Repeat("x", 60) + "@" + strings.Repeat("very-long-label-", 3) + "of-a-host.example.com"
	if _, err := j.site.Auth.CreateUser(t.Context(), auth.NewUser{Username: name, Email: email, Password: canary}); err != nil {
		t.Fatal(err)
	}
	j.open("/accounts/login/?next=/accounts/profile/")
	j.fill("username", name, "password", canary)
	for title, path := range map[string]string{
		"profile": "/accounts/profile/", "home": "/", "logout": "/accounts/logout/", "email": "/accounts/email/", "name": "/accounts/name/", "sessions": "/accounts/sessions/",
	} {
		j.open(path)
		j.inspect(title + "-long")
	}
}
