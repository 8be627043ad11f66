package twofactor

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

const (
	recoverySet = "0123456789abcdefghjkmnpqrstvwxyz"
	recoveryLen = 24 // characters of 5 bits: 120 bits
	tokenSet    = "0123456789abcdefghijklmnopqrstuvwxyz"
	maxToken    = 16 // characters of a static token of django-otp
	maxTyped    = 256
)

// between is what may stand between the characters of a code.
var between = strings.NewReplacer(" ", "", "-", "", "\t", "", "\u2010", "", "\u2011", "", "\u2013", "")

// lookalikes are the letters that recovery codes do not have, and the digits that they look like.
var lookalikes = strings.NewReplacer("o", "0", "i", "1", "l", "1")

// Typed is a code as a user typed it. It does not print it.
type Typed struct {
	code     string // 6 or 8 digits, or ""
	recovery string // a recovery code of ours, or ""
	text     string // all that was typed, folded
}

// String hides the code.
func (Typed) String() string { return "twofactor.Typed{…}" }

// GoString hides the code.
func (t Typed) GoString() string { return t.String() }

// folded is a text in lower case, without what may stand between characters.
func folded(text string) string { return between.Replace(strings.ToLower(norm.NFKC.String(text))) }

// Parse reads a code: the digits that an app shows, a recovery code, or a static token of django-otp;
// with spaces and hyphens anywhere, in any case, and in the wide characters of Japanese keyboards. In
// a recovery code the letters o, i and l count as the digits that they look like. It reports whether it
// can be one of these.
func Parse(text string) (t Typed, ok bool) {
	if len(text) > maxTyped {
		return Typed{}, false
	}
	text = folded(text)
	if len(text) == recoveryLen {
		recovery := lookalikes.Replace(text)
		if strings.Trim(recovery, recoverySet) != "" {
			return Typed{}, false
		}
		return Typed{recovery: recovery, text: text}, true
	}
	if text == "" || len(text) > maxToken || strings.Trim(text, tokenSet) != "" {
		return Typed{}, false
	}
	t.text = text
	if (len(text) == 6 || len(text) == 8) && strings.Trim(text, "0123456789") == "" {
		t.code = text
	}
	return t, true
}
