package middleware

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// ScriptName is the path below which a proxy mounts the site, such as "/auth", or empty.
// It goes before the addresses that a handler makes; the path of the request is without
// it (Django: get_script_prefix, without the slash at its end).
func ScriptName(r *http.Request) string { return requestinfo.ScriptName(r) }

// accountPages is what a script name must not begin with: whether a path has it in front
// could not be told.
const accountPages = "/accounts"

// parseScriptName reads a path such as "/auth"; "/" and the empty text are none.
func parseScriptName(text string) (string, error) {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/"
	name := strings.TrimSuffix(text, "/")
	if name == "" {
		return "", nil
	}
	if len(text) > maxScriptName || name[0] != '/' || strings.Contains(text, "//") || strings.Trim(name, letters) != "" ||
		strings.Contains(name+"/", "/../") || strings.Contains(name+"/", "/./") {
		return "", fmt.Errorf("%q is no path; write it as in /auth, with letters, digits and -._~ between the slashes", shorten(text))
	}
	if name == accountPages || strings.HasPrefix(name, accountPages+"/") {
		return "", fmt.Errorf("%q is among the account pages, which are below %s/ without it; leave it out, or take another path", name, accountPages)
	}
	return name, nil
}

const maxScriptName = 200

// cutScriptName cuts the name off the path of a request, where the proxy left it there.
func cutScriptName(r *http.Request, name string) *http.Request {
	path, ok := strings.CutPrefix(r.URL.Path, name)
	raw, rawToo := strings.CutPrefix(r.URL.RawPath, name)
	if name == "" || !ok || path != "" && path[0] != '/' || r.URL.RawPath != "" && !rawToo {
		return r
	}
	cut := r.WithContext(r.Context())
	cut.URL = new(url.URL)
	*cut.URL = *r.URL
	cut.URL.Path, cut.URL.RawPath = path, raw
	if path == "" {
		cut.URL.Path, cut.URL.RawPath = "/", ""
	}
	if rest, ok := strings.CutPrefix(r.RequestURI, name); ok {
		if !strings.HasPrefix(rest, "/") {
			rest = "/" + rest
		}
		cut.RequestURI = rest
	}
	return cut
}
