package identity

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"github.com/coatcheck/coatcheck/internal/fold"
	"github.com/coatcheck/coatcheck/internal/pystr"
)

// Lengths of email addresses in code points.
const (
	MaxEmail          = 320 // what [ValidEmail] takes (RFC 3696, 3)
	maxEmailColumn    = 254 // what the column of the user's table takes
	maxIPv6           = 39
	maxLabel          = 63
	minTopLevelDomain = 2
)

// NormalizeEmail puts the domain of an address in lowercase and strips white
// space around it. The part before the last @ stays: it is for the mail server
// there to decide if its case counts. A text without @ stays as it is.
// Django: normalize_email.
func NormalizeEmail(email string) string {
	stripped := pystr.Strip(email)
	at := strings.LastIndexByte(stripped, '@')
	if at < 0 {
		return email
	}
	return stripped[:at+1] + pystr.Lower(stripped[at+1:])
}

// SameEmail reports whether two addresses are the same without regard to case and to
// how Unicode spells them, a domain in Punycode too. It finds users by what they typed;
// email goes only to the address that is stored, which may be another one that looks the
// same (CVE-2019-19844). Django: _unicode_ci_compare.
func SameEmail(a, b string) bool {
	return fold.Mailbox(a) == fold.Mailbox(b)
}

// CleanEmail is the address that a visitor typed as it is to be stored: white
// space around it falls away, then it is validated and its domain normalized.
// Nothing typed is no address and no error. The error is a [*FieldError]:
// ErrInvalidEmail, ErrNUL or one of the code "max_length" (more than 254
// characters, the length of the column). Django: EmailField, not required.
func CleanEmail(raw string) (string, error) {
	email := pystr.Strip(raw)
	if email == "" {
		return "", nil
	}
	if err := checkLength(email, maxEmailColumn); err != nil {
		return "", err
	}
	if strings.IndexByte(email, 0) >= 0 {
		return "", ErrNUL
	}
	if !ValidEmail(email) {
		return "", ErrInvalidEmail
	}
	return NormalizeEmail(email), nil
}

// ValidEmail reports whether a text has the form of an email address: at most
// [MaxEmail] code points; before the last @ words of ASCII joined by dots, or a
// quoted string; after it a domain of at least two labels, "localhost", or an IP
// address in brackets. Labels may have the letters U+00A1 to U+FFFF as they are,
// and the last has two characters at least and no digits. It says nothing about
// whether email arrives there. It takes linear time.
//
// The rules are those of Django 6.1. Django: EmailValidator.
func ValidEmail(email string) bool {
	if len(email) > MaxEmail*utf8.UTFMax || !utf8.ValidString(email) || utf8.RuneCountInString(email) > MaxEmail {
		return false
	}
	at := strings.LastIndexByte(email, '@')
	if at < 0 {
		return false
	}
	user, domain := email[:at], email[at+1:]
	return (isDotAtom(user) || isQuotedString(user)) &&
		(domain == "localhost" || isDomain(domain) || isAddressLiteral(domain))
}

// isDotAtom accepts words joined by single dots.
func isDotAtom(s string) bool {
	for word := range strings.SplitSeq(s, ".") {
		if word == "" {
			return false
		}
		for _, r := range word {
			if !isAtomChar(r) {
				return false
			}
		}
	}
	return true
}

// isAtomChar accepts the characters of RFC 5322's atext.
func isAtomChar(r rune) bool {
	return isLetter(r) || '0' <= r && r <= '9' || strings.ContainsRune("-!#$%&'*+/=?^_`{}|~", r)
}

// isLetter accepts the letters of ASCII, and the four other characters of Unicode
// that are one of them without regard to case, which is how Django compares.
func isLetter(r rune) bool {
	switch r {
	case 'İ', 'ı', 'ſ', '\u212A': // the last is the sign of Kelvin
		return true
	}
	return 'a' <= r|0x20 && r|0x20 <= 'z'
}

// isQuotedString accepts a string in quotes, in which a backslash stands before
// quotes, backslashes, spaces and tabs. Line ends and NUL are never in it.
func isQuotedString(s string) bool {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return false
	}
	s = s[1 : len(s)-1]
	escaped := false
	for _, r := range s {
		switch {
		case escaped && (r == '\t' || r == ' ' || r == '"' || r == '\\'):
		case r == '\\' && !escaped:
			escaped = true
			continue
		case !isQuotedChar(r):
			return false
		}
		escaped = false
	}
	return !escaped // else the last quote is none
}

// isQuotedChar accepts what may stand in quotes by itself: control characters
// except NUL, tab and line ends, and visible ASCII except quote and backslash.
func isQuotedChar(r rune) bool {
	switch r {
	case 0, '\t', '\n', '\r', ' ', '"', '\\':
		return false
	}
	return r < utf8.RuneSelf || isLetter(r)
}

// isDomain accepts labels of up to 63 characters that neither begin nor end with
// a hyphen, of which the last is a top-level domain.
func isDomain(domain string) bool {
	dot := strings.LastIndexByte(domain, '.')
	if dot < 0 || !isTopLevelDomain(domain[dot+1:]) {
		return false
	}
	for label := range strings.SplitSeq(domain[:dot], ".") {
		if !isLabel(label, 1, true) {
			return false
		}
	}
	return true
}

func isLabel(s string, least int, digits bool) bool {
	n := 0
	for _, r := range s {
		if !isDomainLetter(r) && r != '-' && !(digits && '0' <= r && r <= '9') {
			return false
		}
		n++
	}
	return least <= n && n <= maxLabel && s[0] != '-' && s[len(s)-1] != '-'
}

func isDomainLetter(r rune) bool {
	return isLetter(r) || 0xA1 <= r && r <= 0xFFFF
}

// isTopLevelDomain accepts a label without digits, or one in punycode.
func isTopLevelDomain(s string) bool {
	if isLabel(s, minTopLevelDomain, false) {
		return true
	}
	if len(s) < 5 || !strings.EqualFold(s[:4], "xn--") {
		return false
	}
	for _, r := range s[4:] {
		if !isLetter(r) && !('0' <= r && r <= '9') {
			return false
		}
	}
	return utf8.RuneCountInString(s) <= maxLabel
}

// isAddressLiteral accepts an IPv4 or IPv6 address in brackets, without a zone.
func isAddressLiteral(s string) bool {
	if len(s) < 2 || s[0] != '[' || s[len(s)-1] != ']' {
		return false
	}
	s = s[1 : len(s)-1]
	if len(s) > maxIPv6 || strings.IndexByte(s, '%') >= 0 {
		return false
	}
	_, err := netip.ParseAddr(s)
	return err == nil
}
