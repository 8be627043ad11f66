package coatchecktest_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/coatchecktest"
)

// A test of a page for users.
func ExampleSite_NewClient() {
	_ = func(t *testing.T) { // func TestProfile(t *testing.T) {
		site := coatchecktest.NewSite(t)
		alice := site.CreateUser("alice", "correct horse")
		client := site.NewClient(newHandler(site.Site)) // what your program serves

		if got := client.Get("/profile"); got.Status != http.StatusFound {
			t.Errorf("a visitor got %d", got.Status)
		}
		client.ForceLogin(alice)
		if got := client.Get("/profile"); got.Status != http.StatusOK {
			t.Errorf("alice got %d", got.Status)
		}
	}
}

// A test of the way in, with a setting changed.
func ExampleNewSite() {
	_ = func(t *testing.T) { // func TestLogin(t *testing.T) {
		site := coatchecktest.NewSite(t, func(c *coatcheck.Config) { c.Sessions.CookieName = "ticket" })
		site.CreateUser("alice", "correct horse")
		client := site.NewClient(newHandler(site.Site))

		got := client.Post("/accounts/login/", url.Values{"username": {"alice"}, "password": {"correct horse"}})
		if got.Status != http.StatusOK || got.Cookie("ticket") == nil {
			t.Errorf("the login gave %d %s", got.Status, got.Body)
		}
	}
}
