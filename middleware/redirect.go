package middleware

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/safeurl"
)

// RedirectToLogin returns the URL of the login page with the return URL to the
// request in its query (Django: redirect_to_login). An empty loginURL means
// safeurl.LoginURL and an empty field safeurl.RedirectFieldName.
func RedirectToLogin(r *http.Request, loginURL, field string) (string, error) {
	if loginURL == "" {
		loginURL = requestinfo.Below(r, safeurl.LoginURL)
	}
	if field == "" {
		field = safeurl.RedirectFieldName
	}
	target, err := safeurl.LoginRedirect(wayBack(r, loginURL), loginURL, field)
	if err != nil {
		return "", fmt.Errorf("middleware: login URL: %w", err)
	}
	return target, nil
}

// wayBack is the path of the request, or its whole URL where the login page is
// on another host.
func wayBack(r *http.Request, loginURL string) string {
	path := FullPath(r)
	login, err := url.Parse(loginURL)
	if err != nil || (login.Host == "" || login.Host == requestinfo.Host(r)) && (login.Scheme == "" || login.Scheme == requestinfo.Scheme(r)) {
		return path
	}
	return requestinfo.Origin(r) + path
}

// FullPath is the path that the client asked for with its query, whatever
// http.StripPrefix and the like made of it, below the script name, so written that no
// browser takes it for a host (Django: get_full_path).
func FullPath(r *http.Request) string {
	asked, err := url.ParseRequestURI(r.RequestURI)
	if err != nil { // a request that came by no server has none
		asked = r.URL
	}
	path := safeurl.EncodeIRI(asked.RequestURI())
	if !strings.HasPrefix(path, "/") { // "OPTIONS *", or a URL without a host
		return requestinfo.Below(r, "/")
	}
	return safeurl.EscapeLeadingSlashes(requestinfo.Below(r, path))
}
