package browser_test

import (
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
)

// TestBrowserInvitation: somebody is invited by email, and makes an account.
func TestBrowserInvitation(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes some seconds")
	}
	j := newJourney(t, func(c *coatcheck.Config) { c.Views.SignupVerification, c.Views.SignupInvitation = false, true })
	if _, err := j.site.Accounts.Invite(t.Context(), "bob@example.com", "en"); err != nil {
		t.Fatal(err)
	}
	link := j.letter("invitation", "bob@example.com", "invited")
	j.follow(link)
	j.want(link, "You are invited")
	j.inspect("invitation")
	j.fill("username", "bob", "password", canary)
	j.want("/accounts/login/", "Log in")
	j.fill("username", "bob", "password", canary)
	j.want("/accounts/profile/", "Your profile")
	j.follow(link)
	j.inspect("invitation-used")
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
