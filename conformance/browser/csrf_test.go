package browser_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/coatcheck/coatcheck"
)

// TestCSRFBrowser: a real browser posts forms with their tokens, and sees why
// one without its cookie is refused.
func TestCSRFBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes some seconds")
	}
	s := newSite(t, func(c *coatcheck.Config) { c.Web.Guard = coatcheck.GuardDjango })
	s.addUser(t, "ada")
	b := newTab(t, s.base)
	b.open("/accounts/login/")
	b.write("id_username", "ada")
	b.write("id_password", canary)
	b.click("main form > button")
	b.want("/accounts/profile/", "Your profile")
	b.open("/accounts/logout/")
	b.click("main form > button")
	b.want("/accounts/logout/", "You are logged out")

	b.open("/accounts/login/")
	evaluate[string](b, `document.cookie = "csrftoken=x; path=/"`)
	b.write("id_username", "ada")
	b.write("id_password", canary)
	b.click("main form > button")
	b.want("/accounts/login/", "This form was not accepted")
	b.inspect("csrf-failure-cookie")

	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, `<!DOCTYPE html><form method="post" action="`+s.base+`/accounts/login/"><button>Win a prize</button></form>`)
	}))
	defer other.Close()
	b.do(chromedp.Navigate(other.URL))
	b.click("button")
	b.want("/accounts/login/", "This form was not accepted")
	b.inspect("csrf-failure-origin")
}
