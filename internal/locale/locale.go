// Package locale finds the language that a request asks for. It is on floor 0, the pure
// tools.
package locale

import (
	"context"
	"net/http"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/httptext"
)

// Of returns the translator for a request: by the cookie that the visitor chose it
// with, else by the header Accept-Language, else the default language. Responses that
// depend on it need Vary: Cookie, Accept-Language. Django:
// get_language_from_request.
func Of(c *i18n.Catalogues, r *http.Request) *i18n.Translator {
	chosen, _ := httptext.Lookup(r.Header, c.Cookie().Name)
	return c.Negotiate(chosen, r.Header.Get("Accept-Language"))
}

// Vary marks a response as dependent on the language.
func Vary(h http.Header) { httptext.PatchVary(h, "Accept-Language", "Cookie") }

type contextKey struct{}

// NewContext returns the site's catalogues along with a request.
func NewContext(ctx context.Context, c *i18n.Catalogues) context.Context {
	return context.WithValue(ctx, contextKey{}, c)
}

// FromContext returns the site's catalogues, or i18n.Default().
func FromContext(ctx context.Context) *i18n.Catalogues {
	if c, ok := ctx.Value(contextKey{}).(*i18n.Catalogues); ok {
		return c
	}
	return i18n.Default()
}
