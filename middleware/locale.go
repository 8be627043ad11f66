package middleware

import (
	"net/http"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/locale"
)

// Locale translates what the middleware and package access say to the languages of
// the catalogues; without it they are those of i18n.Default(). Each request gets
// its own: by the cookie that the visitor chose it with, else by Accept-Language.
// It stands before everything that may refuse a request. Django: LocaleMiddleware,
// the language in the URL left aside.
func Locale(languages *i18n.Catalogues) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(locale.NewContext(r.Context(), languages)))
		})
	}
}

// translator speaks the language of the request.
func translator(r *http.Request) *i18n.Translator {
	return locale.Of(locale.FromContext(r.Context()), r)
}
