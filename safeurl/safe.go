package safeurl

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/coatcheck/coatcheck/internal/pystr"
)

// MaxLength is the greatest length of a URL that [IsSafe] takes, in code points
// and without the white space around it. Django: MAX_URL_LENGTH.
const MaxLength = 2048

// IsSafe reports whether a browser may be sent to the URL: it is a path on its own
// site, or its host is one of allowedHosts and its scheme http or https. With
// requireHTTPS the scheme must be https; "//host/" counts as http.
//
// A host is compared byte for byte with all that stands there: port, user and
// case. Without allowed hosts only paths are safe. The empty URL is not safe, and
// neither is one that is longer than [MaxLength], that is not UTF-8, that begins
// with a control character or three slashes, or that has a scheme and no host.
// Backslashes count as slashes too, as in browsers.
//
// Safe means: does not leave the site. It does not mean that the text may be
// put in a page or a header as it is; see [Location] for headers.
//
// It decides as Django 6.1 does with one exception. Django tests for three
// slashes before it removes tabs and line ends, so it holds "/\t//evil.example"
// for a path, and browsers go to evil.example; here that is not safe.
//
// Django: url_has_allowed_host_and_scheme (CVE-2016-2512, CVE-2025-27556).
func IsSafe(url string, allowedHosts []string, requireHTTPS bool) bool {
	return Newest.IsSafe(url, allowedHosts, requireHTTPS)
}

// IsSafe is the function [IsSafe] by the rules of one Django.
func (r Rules) IsSafe(url string, allowedHosts []string, requireHTTPS bool) bool {
	url = pystr.Strip(url)
	if url == "" || r.limitsLength() && longerThan(url, MaxLength) || !utf8.ValidString(url) {
		return false
	}
	if !r.isSafe(url, allowedHosts, requireHTTPS) {
		return false
	}
	slashed := strings.ReplaceAll(url, `\`, "/")
	return slashed == url || r.isSafe(slashed, allowedHosts, requireHTTPS)
}

// longerThan compares the number of code points with a limit, and looks at no
// more of a long text than it needs.
func longerThan(s string, limit int) bool {
	return len(s) > limit && (len(s) > limit*utf8.UTFMax || utf8.RuneCountInString(s) > limit)
}

func (r Rules) isSafe(url string, allowedHosts []string, requireHTTPS bool) bool {
	if strings.HasPrefix(url, "///") || r == Newest && strings.HasPrefix(removeLineEnds(url), "///") {
		return false
	}
	parts, err := r.split(url)
	if err != nil || parts.Netloc == "" && parts.Scheme != "" {
		return false
	}
	if first, _ := utf8.DecodeRuneInString(url); isControl(first) {
		return false
	}
	if parts.Netloc == "" {
		return true
	}
	if !slices.Contains(allowedHosts, parts.Netloc) {
		return false
	}
	return parts.Scheme == "https" || !requireHTTPS && (parts.Scheme == "http" || parts.Scheme == "")
}

// isControl reports whether the category of r begins with C: control, format,
// surrogate, private use, or not assigned.
func isControl(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z)
}
