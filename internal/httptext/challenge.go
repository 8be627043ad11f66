package httptext

import (
	"fmt"
	"strings"
)

// LoginChallenge returns the WWW-Authenticate header of a site whose users log in by a form
// at this URL and are known by a cookie from then on. Browsers show no dialog for it.
func LoginChallenge(loginURL string) string {
	var b strings.Builder
	for _, c := range []byte(loginURL) {
		if c <= ' ' || c > '~' || c == '"' || c == '\\' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return `Cookie realm="accounts", form-action="` + b.String() + `"`
}
