package views_test

import (
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/views"
)

// TestLanguageCookie: the cookie of the language has the settings of the site, and the pages go by
// it and by no other.
func TestLanguageCookie(t *testing.T) {
	languages, err := i18n.New(i18n.Config{Cookie: i18n.Cookie{
		Name: "lang", Age: 365 * 24 * time.Hour, Path: "/accounts/", HTTPOnly: true, SameSite: "Lax",
	}})
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, func(c *views.Config) { c.Languages = languages })
	b := s.browser(t)
	got := b.form("/accounts/language/", "language", "de").Header.Get("Set-Cookie")
	for _, want := range []string{"lang=de; ", "Max-Age=31536000", "Path=/accounts/", "HttpOnly", "SameSite=Lax"} {
		if !strings.Contains(got, want) {
			t.Errorf("the cookie %q lacks %s", got, want)
		}
	}
	if h1 := b.get("/accounts/login/").page(t).one("h1").text(); h1 != "Anmelden" {
		t.Errorf("the page says %q", h1)
	}
}
