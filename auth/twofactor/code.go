package twofactor

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

const (
	digits      = 6 // of a code by the app
	recoverySet = "0123456789abcdefghjkmnpqrstvwxyz"
	recoveryLen = 24 // characters of 5 bits: 120 bits
	maxTyped    = 256
)

// between is what may stand between the characters of a code.
var between = strings.NewReplacer(" ", "", "-", "", "\t", "", "\u2010", "", "\u2011", "", "\u2013", "")

// Typed is a code as a user typed it. It does not print it.
type Typed struct {
	code     string // digits, or ""
	recovery string // a recovery code in lower case, or ""
}

// String hides the code.
func (Typed) String() string { return "twofactor.Typed{…}" }

// GoString hides the code.
func (t Typed) GoString() string { return t.String() }

// Parse reads a code: the digits that an app shows or a recovery code, with spaces and hyphens
// anywhere, in any case, and in the wide characters of Japanese keyboards. In a recovery code the
// letters o, i and l count as the digits that they look like. It reports whether it is one of the two.
func Parse(text string) (t Typed, ok bool) {
	if len(text) > maxTyped {
		return Typed{}, false
	}
	text = strings.ToLower(norm.NFKC.String(text))
	text = between.Replace(text)
	switch {
	case len(text) == digits && strings.Trim(text, recoverySet[:10]) == "":
		return Typed{code: text}, true
	case len(text) == recoveryLen:
		text = strings.NewReplacer("o", "0", "i", "1", "l", "1").Replace(text)
		if strings.Trim(text, recoverySet) == "" {
			return Typed{recovery: text}, true
		}
	}
	return Typed{}, false
}
