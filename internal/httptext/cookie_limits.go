package httptext

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Limits of browsers (RFC 6265bis, 5.6): what is longer is ignored, so a
// cookie that was never stored looks like a visitor who was never here.
const (
	MaxPairBytes      = 4096 // name and value together
	MaxAttributeBytes = 1024 // the value of one attribute
)

// Refused reports why browsers would not send the cookie back although its text is well
// formed; nil where they do. It is for settings and for cookies whose value
// grows: [SetCookie.String] itself writes what Django writes.
//
//   - A name with the prefix __Host- or __Host-Http-, in any case, needs Secure and
//     Path=/ and no Domain; one with __Secure- or __Http- needs Secure, and the two
//     with Http need HttpOnly (RFC 6265bis, 4.1.3).
//   - SameSite=None needs Secure.
//   - Domain is a host name in ASCII, perhaps with a dot in front, and none below
//     which anybody can have a name, such as co.uk or github.io.
//   - Path begins with a slash; browsers replace another one by that of the page.
//   - Name and value have [MaxPairBytes], an attribute [MaxAttributeBytes].
func (c SetCookie) Refused() error {
	switch {
	case (hasPrefixFold(c.Name, hostPrefix) || hasPrefixFold(c.Name, hostHTTPPrefix)) &&
		(!c.Secure || c.Path != "/" || c.Domain != ""):
		return fmt.Errorf("the name %s needs Secure, the path / and no domain", c.Name)
	case (hasPrefixFold(c.Name, securePrefix) || hasPrefixFold(c.Name, httpPrefix)) && !c.Secure:
		return fmt.Errorf("the name %s needs Secure", c.Name)
	case (hasPrefixFold(c.Name, httpPrefix) || hasPrefixFold(c.Name, hostHTTPPrefix)) && !c.HttpOnly:
		return fmt.Errorf("the name %s needs HttpOnly", c.Name)
	case strings.EqualFold(c.SameSite, "none") && !c.Secure:
		return errors.New("SameSite=None needs Secure")
	case len(c.Name)+len(appendQuoted(nil, c.Value)) > MaxPairBytes:
		return fmt.Errorf("%s is longer than %d bytes", c.Name, MaxPairBytes)
	case len(c.Path) > MaxAttributeBytes || len(c.Domain) > MaxAttributeBytes:
		return fmt.Errorf("the path or domain is longer than %d bytes", MaxAttributeBytes)
	case c.Path != "" && c.Path[0] != '/':
		return fmt.Errorf("the path %q does not begin with a slash", c.Path)
	}
	return refusedDomain(c.Domain)
}

// refusedDomain reports why browsers would ignore a cookie of that domain.
func refusedDomain(domain string) error {
	name := strings.ToLower(strings.TrimPrefix(domain, "."))
	if domain == "" {
		return nil
	}
	if _, err := netip.ParseAddr(name); err == nil {
		if name != domain {
			return fmt.Errorf("the domain %q is an address with a dot in front", domain)
		}
		return nil
	}
	if strings.Trim(name, hostLetters) != "" || name == "" || strings.Contains(name, "..") || strings.HasPrefix(name, ".") ||
		strings.HasSuffix(name, ".") {
		return fmt.Errorf("the domain %q is no host name; write one without scheme, port and path, as in example.com, "+
			"or leave it empty for the host itself", domain)
	}
	suffix, listed := publicsuffix.PublicSuffix(name)
	if suffix == name && (listed || strings.Contains(name, ".")) {
		return fmt.Errorf("anybody can have a name below the domain %q; write the site's own, or leave it empty for the host itself", domain)
	}
	return nil
}

// DomainMatches reports whether browsers send a cookie of that domain to the host, which
// has no port (RFC 6265, 5.1.3). The empty domain is the host itself.
func DomainMatches(host, domain string) bool {
	host, domain = strings.ToLower(host), strings.ToLower(strings.TrimPrefix(domain, "."))
	if domain == "" || host == domain {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err != nil && strings.HasSuffix(host, "."+domain)
}

// PathMatches reports whether browsers send a cookie of that path to an address
// (RFC 6265, 5.1.4).
func PathMatches(path, cookie string) bool {
	return path == cookie || strings.HasPrefix(path, cookie) && (strings.HasSuffix(cookie, "/") || path[len(cookie)] == '/')
}

const hostLetters = "abcdefghijklmnopqrstuvwxyz0123456789-._"

// The prefixes that promise something of a cookie, in any case.
const (
	securePrefix   = "__Secure-"
	hostPrefix     = "__Host-"
	httpPrefix     = "__Http-"
	hostHTTPPrefix = "__Host-Http-"
)

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
