package i18n

import "time"

// Cookie is how the choice of a language is kept in a browser. Its zero value is Django's default:
// a cookie of the browser's session with the name [CookieName], for this host, below the path at
// which the site is.
type Cookie struct {
	// Name is CookieName when empty. Django: LANGUAGE_COOKIE_NAME.
	Name string
	// Age is how long it is kept; zero until the browser closes. Django: LANGUAGE_COOKIE_AGE.
	Age time.Duration
	// Domain is for this host alone when empty. Django: LANGUAGE_COOKIE_DOMAIN.
	Domain string
	// Path is that of the site when empty. Django: LANGUAGE_COOKIE_PATH.
	Path string
	// Secure sends it over HTTPS only. Django: LANGUAGE_COOKIE_SECURE.
	Secure bool
	// HTTPOnly hides it from scripts. Django: LANGUAGE_COOKIE_HTTPONLY.
	HTTPOnly bool
	// SameSite is "Lax", "Strict" or "None"; no attribute when empty. Django:
	// LANGUAGE_COOKIE_SAMESITE.
	SameSite string
}

// Cookie returns that of the configuration, with its name.
func (c *Catalogues) Cookie() Cookie { return c.cookie }
