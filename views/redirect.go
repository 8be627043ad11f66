package views

import (
	"cmp"
	"log/slog"
	"net/http"
	"net/url"
	"slices"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/safeurl"
)

// next gives the way back that the request names, or "" where it names none or
// an unsafe one. The body goes before the query, even with an unsafe one
// (Django: RedirectURLMixin.get_redirect_url).
func (v *Views) next(r *http.Request, b body) string {
	named, ok := b[safeurl.RedirectFieldName]
	if !ok {
		named = query(r)[safeurl.RedirectFieldName]
	}
	hosts := v.config.AllowedRedirectHosts
	if own := requestinfo.Host(r); own != "" {
		hosts = append(slices.Clone(hosts), own)
	}
	if named.text != "" && !safeurl.IsSafe(named.text, hosts, requestinfo.Secure(r)) {
		flow.Emit(r.Context(), "next.ignored", slog.String("to", requestinfo.LogOrigin(named.text)))
		return ""
	}
	return named.text
}

// successURL is where a login leads.
func (v *Views) successURL(r *http.Request, next string) string {
	if next != "" {
		return next
	}
	return v.loginRedirectURL(r)
}

// loginURL is the login page: the one of the settings, or our own.
func (v *Views) loginURL(r *http.Request) string {
	return cmp.Or(v.config.LoginURL, requestinfo.Below(r, safeurl.LoginURL))
}

func (v *Views) loginRedirectURL(r *http.Request) string {
	return cmp.Or(v.config.LoginRedirectURL, requestinfo.Below(r, safeurl.LoginRedirectURL))
}

// redirect answers with 302, as Django does.
func (v *Views) redirect(w http.ResponseWriter, r *http.Request, target string) {
	location, err := safeurl.Location(target)
	if err != nil {
		v.refuse(w, r, &refusal{http.StatusBadRequest, i18n.Mark("The address to go on to cannot be used.")})
		return
	}
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusFound)
}

// samePath says whether the target is the page of the request itself.
func samePath(target string, r *http.Request) bool {
	u, err := url.Parse(target)
	return err == nil && u.Path == requestinfo.Below(r, r.URL.Path) && (u.Host == "" || u.Host == requestinfo.Host(r))
}

// withQuery sets a field in the query of one of our own URLs, unless the value
// is empty.
func withQuery(target, name, value string) string {
	if value == "" {
		return target
	}
	if with, err := safeurl.LoginRedirect(value, target, name); err == nil {
		return with
	}
	return target // with a value that would make the URL too long, it does without
}
