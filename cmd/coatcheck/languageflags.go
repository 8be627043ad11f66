package main

import (
	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/i18n"
)

// languageFlags say how the choice of a language is kept in a browser.
type languageFlags struct {
	CookieName     string `group:"web" name:"language-cookie-name" default:"django_language" help:"Name of the cookie that keeps the choice of a language."`
	CookieAge      int    `group:"web" name:"language-cookie-age" default:"0" help:"Life of the cookie in seconds; 0 ends it with the browser."`
	CookieDomain   string `group:"web" name:"language-cookie-domain" placeholder:"DOMAIN" help:"Domain of the cookie; none means this host alone."`
	CookiePath     string `group:"web" name:"language-cookie-path" placeholder:"PATH" help:"Path of the cookie; by default / or --script-name."`
	CookieSecure   bool   `group:"web" name:"language-cookie-secure" help:"Send the cookie over HTTPS only."`
	CookieHTTPOnly bool   `group:"web" name:"language-cookie-httponly" help:"Hide the cookie from scripts."`
	CookieSameSite string `group:"web" name:"language-cookie-samesite" default:"omit" enum:"Lax,Strict,None,omit" help:"SameSite of the cookie: ${enum} (no attribute)."`
}

// apply configures the site.
func (f *languageFlags) apply(c *coatcheck.Config) error {
	age, err := span("language-cookie-age", float64(f.CookieAge), 0)
	if err != nil {
		return err
	}
	cookie := i18n.Cookie{
		Name: f.CookieName, Age: age, Domain: f.CookieDomain, Path: f.CookiePath, Secure: f.CookieSecure,
		HTTPOnly: f.CookieHTTPOnly, SameSite: f.CookieSameSite,
	}
	if cookie.SameSite == "omit" {
		cookie.SameSite = ""
	}
	c.Site.Languages, err = i18n.New(i18n.Config{Cookie: cookie})
	return err
}
