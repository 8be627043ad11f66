package httptext

import (
	"fmt"
	"strings"
)

// Limits of browsers (RFC 6265bis, 5.6): what is longer is ignored, so a
// cookie that was never stored looks like a visitor who was never here.
const (
	MaxPairBytes      = 4096 // name and value together
	MaxAttributeBytes = 1024 // the value of one attribute
)

// Refused says why browsers would ignore the cookie although its text is well
// formed; nil where they take it. It is for settings and for cookies whose value
// grows: [SetCookie.String] itself writes what Django writes.
//
//   - A name with the prefix __Host-, in any case, needs Secure and Path=/ and
//     no Domain; one with __Secure- needs Secure (RFC 6265bis, 4.1.3).
//   - SameSite=None needs Secure.
//   - Name and value have [MaxPairBytes], an attribute [MaxAttributeBytes].
func (c SetCookie) Refused() error {
	switch {
	case hasPrefixFold(c.Name, "__Host-") && (!c.Secure || c.Path != "/" || c.Domain != ""):
		return fmt.Errorf("%w: %s needs Secure, the path / and no domain", ErrCookie, c.Name)
	case hasPrefixFold(c.Name, "__Secure-") && !c.Secure:
		return fmt.Errorf("%w: %s needs Secure", ErrCookie, c.Name)
	case strings.EqualFold(c.SameSite, "none") && !c.Secure:
		return fmt.Errorf("%w: %s: SameSite=None needs Secure", ErrCookie, c.Name)
	case len(c.Name)+len(appendQuoted(nil, c.Value)) > MaxPairBytes:
		return fmt.Errorf("%w: %s is longer than %d bytes", ErrCookie, c.Name, MaxPairBytes)
	case len(c.Path) > MaxAttributeBytes || len(c.Domain) > MaxAttributeBytes:
		return fmt.Errorf("%w: %s: path or domain is longer than %d bytes", ErrCookie, c.Name, MaxAttributeBytes)
	}
	return nil
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
