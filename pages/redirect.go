package pages

import (
	"cmp"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/safeurl"
)

// Next returns the return URL that the request names, or "" where it names none or
// an unsafe one. The body goes before the query, even with an unsafe one
// (Django: RedirectURLMixin.get_redirect_url).
func (k *Kit) Next(r *http.Request, b Body) string {
	named, ok := b[safeurl.RedirectFieldName]
	if !ok {
		named = Query(r)[safeurl.RedirectFieldName]
	}
	hosts := k.config.AllowedRedirectHosts
	if own := requestinfo.Host(r); own != "" {
		hosts = append(slices.Clone(hosts), own)
	}
	if named.Text != "" && !safeurl.IsSafe(named.Text, hosts, requestinfo.Secure(r)) {
		flow.Emit(r.Context(), "next.ignored", slog.String("to", requestinfo.LogOrigin(named.Text)))
		return ""
	}
	return named.Text
}

// SuccessURL is where a login leads that has the return URL, or none.
func (k *Kit) SuccessURL(r *http.Request, next string) string {
	if next != "" {
		return next
	}
	return k.loginRedirectURL(r)
}

// LoginURL is the login page: the one of the settings, or our own.
func (k *Kit) LoginURL(r *http.Request) string {
	return cmp.Or(k.config.LoginURL, requestinfo.Below(r, safeurl.LoginURL))
}

func (k *Kit) loginRedirectURL(r *http.Request) string {
	return cmp.Or(k.config.LoginRedirectURL, requestinfo.Below(r, safeurl.LoginRedirectURL))
}

// GoTo redirects to one of our own paths, ProfileURL for instance, below the script name.
func (k *Kit) GoTo(w http.ResponseWriter, r *http.Request, path string) {
	k.Redirect(w, r, requestinfo.Below(r, path))
}

// Redirect responds with 302, as Django does. The target is whole: see GoTo for our own
// paths.
func (k *Kit) Redirect(w http.ResponseWriter, r *http.Request, target string) {
	location, err := safeurl.Location(target)
	if err != nil {
		k.Refuse(w, r, &Refusal{http.StatusBadRequest, i18n.Mark("The address to go on to cannot be used.")})
		return
	}
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusFound)
}

// samePath reports whether the target is the page of the request itself.
func samePath(target string, r *http.Request) bool {
	u, err := url.Parse(target)
	return err == nil && u.Path == requestinfo.Below(r, r.URL.Path) &&
		(u.Host == "" || u.Host == requestinfo.Host(r))
}

// WithQuery sets a field in the query of one of our own URLs, unless the value
// is empty.
func WithQuery(target, name, value string) string {
	if value == "" {
		return target
	}
	if with, err := safeurl.LoginRedirect(value, target, name); err == nil {
		return with
	}
	return target // with a value that would make the URL too long, it does without
}

// IsHost reports whether text is nothing but a host with an optional port, so that
// it can stand in a header and in a line of a shell.
func IsHost(text string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]"
	u, err := url.Parse("//" + text)
	return err == nil && u.Host == text && text != "" && strings.Trim(text, letters) == ""
}
