package httptext_test

import (
	"testing"

	"github.com/coatcheck/coatcheck/internal/httptext"
)

// TestLoginChallenge: no URL ends the quoted text of the header or begins another line.
func TestLoginChallenge(t *testing.T) {
	for url, want := range map[string]string{
		"/accounts/login/":             `Cookie realm="accounts", form-action="/accounts/login/"`,
		"/in/?a=\", x=\"&b=\\\r\nX: ä": `Cookie realm="accounts", form-action="/in/?a=%22,%20x=%22&b=%5C%0D%0AX:%20%C3%A4"`,
	} {
		if got := httptext.LoginChallenge(url); got != want {
			t.Errorf("%q: %s, want %s", url, got, want)
		}
	}
}
