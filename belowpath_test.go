package coatcheck_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/coatchecktest"
)

// addressOf finds the addresses that a page names.
var addressOf = regexp.MustCompile(`(?:href|action|src)="([^"]*)"`)

// TestEveryAddressIsBelowThePath: below the path where a proxy mounts the site, every page
// names addresses of the site below it alone, and so does every redirect.
func TestEveryAddressIsBelowThePath(t *testing.T) {
	site := coatchecktest.NewSite(t, func(c *coatcheck.Config) {
		c.Site.ScriptName = "/shop"
		c.Accounts.Mail, c.Site.BaseURL = unsent{}, "https://www.example.com"
		c.Views.SignupVerification = true
	})
	mux := http.NewServeMux()
	mux.Handle("/accounts/", site.Views)
	mux.Handle("/{$}", site.Views.Home())
	user := site.CreateUser("ada", "tweed-umbrella-12")
	client := site.NewClient(site.Handler(mux))
	client.Header.Set("Accept", "text/html")
	client.ForceLogin(user)
	below := func(what, address string) {
		t.Helper()
		u, err := url.Parse(address)
		if err != nil || u.Host == "" && strings.HasPrefix(u.Path, "/") && !strings.HasPrefix(u.Path, "/shop/") {
			t.Errorf("%s names %q, want it below /shop", what, address)
		}
	}
	look := func(what string, got *coatchecktest.Response) {
		t.Helper()
		below(what, got.Location())
		for _, found := range addressOf.FindAllStringSubmatch(string(got.Body), -1) {
			below(what, found[1])
		}
	}
	look("the home page", client.Get("/shop/"))
	for _, r := range site.Views.Routes() {
		look("GET "+r.Name, client.Get("/shop"+at(r)))
	}
	password := url.Values{"password": {"tweed-umbrella-12"}}
	for _, post := range []struct {
		path string
		form url.Values
		want string
	}{
		{"/accounts/sessions/end-others/", nil, "/shop/accounts/sessions/"},
		{"/accounts/language/", url.Values{"language": {"de"}}, "/shop/"},
		{"/accounts/email/", url.Values{"email": {"new@example.com"}, "password": password["password"]}, "/shop/accounts/email/sent/"},
		{"/accounts/password_change/", url.Values{
			"old_password": password["password"], "new_password1": {"another-umbrella-13"},
		}, "/shop/accounts/profile/"},
		{"/accounts/password_reset/", url.Values{"email": {"bea@example.com"}}, "/shop/accounts/password_reset/done/"},
		{"/accounts/close/", url.Values{"password": {"another-umbrella-13"}, "understand": {"yes"}}, "/shop/accounts/login/"},
		{"/accounts/signup/", url.Values{
			"username": {"bea"}, "email": {"bea@example.com"}, "password": {"third-umbrella-14"},
		}, "/shop/accounts/signup/sent/"},
		{"/accounts/login/", url.Values{"username": {"nobody"}, "password": {"x"}}, ""},
	} {
		got := client.Post("/shop"+post.path, post.form)
		if got.Location() != post.want {
			t.Errorf("POST %s redirects to %q, want %q (status %d): %s", post.path, got.Location(), post.want, got.Status, got.Header)
		}
		look("POST "+post.path, got)
	}
}
