package fold

import (
	"strings"

	"golang.org/x/net/idna"

	"github.com/coatcheck/coatcheck/internal/pystr"
)

// Name returns the form of a username that all its spellings share: NFKC, and without
// case, so that "Alice" is "ＡＬＩＣＥ", and "straße" is "STRASSE".
func Name(name string) string { return pystr.Casefold(pystr.NFKC(name)) }

// Mailbox returns the form of an address that all its spellings share: that of Name,
// with the domain in Unicode, so that "xn--mnchen-3ya.example" is "MÜNCHEN.example".
// A mail server may tell "a@" from "A@", but hardly one gives them to two people.
func Mailbox(address string) string {
	folded := Name(address)
	at := strings.LastIndexByte(folded, '@') + 1
	if at == 0 {
		return folded
	}
	domain := strings.ReplaceAll(folded[at:], "。", ".") // a dot of domains (RFC 3490, 3.1)
	domain, _ = idna.Punycode.ToUnicode(domain)         // a label that is no Punycode stays
	return folded[:at] + Name(domain)
}

// PunycodePrefix begins a label of ASCII whose mailbox is the same as one in Unicode.
const PunycodePrefix = "xn--"
