package accounts

import (
	"strings"

	"github.com/coatcheck/coatcheck/identity"
)

// unconfirmed are the emails to addresses of which nobody has shown yet that they are
// the user's. Anyone who asked for the email chose the name, and somebody else reads it.
var unconfirmed = map[string]bool{"signup_confirm": true, "email_confirm": true, "invitation": true}

// greeted returns the name that an email may contain. It is empty for an address that
// is not confirmed, and for a name that an email program would turn into a link,
// unless that is the recipient's own address.
func greeted(name string, j job) string {
	if unconfirmed[name] || likeLink(j.Username) && !identity.SameEmail(j.Username, j.To) {
		return ""
	}
	return j.Username
}

// likeLink reports whether a name has the shape of a link or of an address:
// "win.example", "www.win.example", "a@win.example", "https://win".
func likeLink(name string) bool {
	const signs = ".@:/\\。．｡＠：／"
	return strings.ContainsAny(strings.Trim(name, signs), signs)
}
