package safeurl

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/internal/pystr"
)

// Where accounts are, unless a site says otherwise.
const (
	LoginURL         = "/accounts/login/"   // Django: LOGIN_URL
	LoginRedirectURL = "/accounts/profile/" // Django: LOGIN_REDIRECT_URL
	// ConfirmURL is where users who are signed in show again who they are.
	ConfirmURL = "/accounts/confirm/"
	// RedirectFieldName is the parameter that holds the URL to return to after a login.
	// Django: REDIRECT_FIELD_NAME.
	RedirectFieldName = "next"
)

// MaxRedirect is the greatest length of a Location header, in bytes.
// Django: MAX_URL_REDIRECT_LENGTH (CVE-2025-64458).
const MaxRedirect = 16384

// maxFields is how many parameters a query may have.
// Django: DATA_UPLOAD_MAX_NUMBER_FIELDS.
const maxFields = 1000

// ErrRedirect is what the refusals of [Location] and [LoginRedirect] wrap: a
// scheme other than http, https and ftp, or too long. Django: DisallowedRedirect.
var ErrRedirect = errors.New("safeurl: unsafe redirect")

// ErrLoginURL is the refusal of a login URL by [LoginRedirect]: a mistake in
// the settings.
var ErrLoginURL = errors.New("safeurl: invalid login URL")

// Location is the text of a Location header for a URL: [EncodeIRI] of it. It does
// not ask where the URL leads, see [IsSafe] for that; but its scheme must be
// http, https or ftp if it has one, and it must not be longer than
// [MaxRedirect]. Django: HttpResponseRedirect.
func Location(url string) (string, error) { return Newest.Location(url) }

// Location is the function [Location] by the rules of one Django.
func (r Rules) Location(url string) (string, error) {
	location := EncodeIRI(url)
	if r == Newest && len(location) > MaxRedirect ||
		(r == Django52 || r == InsecureDjango42) && longerThan(url, MaxRedirect) {
		return "", fmt.Errorf("%w: longer than %d characters", ErrRedirect, MaxRedirect)
	}
	parts, err := Split(url)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrRedirect, err)
	}
	if parts.Scheme != "" && !slices.Contains([]string{"http", "https", "ftp"}, parts.Scheme) {
		return "", fmt.Errorf("%w: protocol %q", ErrRedirect, parts.Scheme)
	}
	return location, nil
}

// LoginRedirect is the Location header that sends a visitor to the login page
// and lets it know in the parameter field where to go afterwards, usually
// [RedirectFieldName]. A parameter of this name that loginURL has already is replaced;
// its others stay, and so does its fragment. The empty field adds nothing; the
// empty loginURL is [LoginURL].
//
// next is any text: the login page asks [IsSafe] before it follows it. An error
// wraps [ErrLoginURL] where loginURL is no URL (a name such as "login", which
// has neither slash nor dot, is for anyone who knows the routes), else
// [ErrRedirect]. Django: redirect_to_login.
func LoginRedirect(next, loginURL, field string) (string, error) {
	if loginURL == "" {
		loginURL = LoginURL
	}
	if !strings.ContainsAny(loginURL, "/.") {
		return "", fmt.Errorf("%w: %q is the name of a page, not its URL", ErrLoginURL, loginURL)
	}
	parts, err := Split(loginURL)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrLoginURL, err)
	}
	if field != "" {
		query, err := parseQuery(parts.Query)
		if err != nil {
			return "", err
		}
		query.set(field, next)
		parts.Query = query.encode()
	}
	return Location(parts.String())
}

// SameDomain reports whether a host without its port is the pattern, or a pattern
// with a leading dot is the host's domain or above it. The host is expected in
// lowercase. Django: is_same_domain.
func SameDomain(host, pattern string) bool {
	pattern = pystr.Lower(pattern)
	if pattern == "" {
		return false
	}
	return host == pattern || pattern[0] == '.' && (strings.HasSuffix(host, pattern) || host == pattern[1:])
}
