package accounts_test

import (
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
)

// TestLinesOfText: paragraphs are broken at spaces, and in Japanese between characters, but for
// marks that no line begins or ends with. What has neither stays whole.
func TestLinesOfText(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"words": {
			strings.Repeat("word ", 20),
			strings.TrimSpace(strings.Repeat("word ", 15)) + "\n" + strings.TrimSpace(strings.Repeat("word ", 5)),
		},
		"one long word": {"a " + strings.Repeat("x", 100) + " b", "a\n" + strings.Repeat("x", 100) + "\nb"},
		"no break here": {strings.Repeat("a\u00a0", 50) + "a", strings.Repeat("a\u00a0", 50) + "a"},
		"Japanese":      {strings.Repeat("あ", 50), strings.Repeat("あ", 38) + "\n" + strings.Repeat("あ", 12)},
		"a mark":        {strings.Repeat("あ", 38) + "。い", strings.Repeat("あ", 37) + "\nあ。い"},
		"a bracket":     {strings.Repeat("あ", 37) + "「い」", strings.Repeat("あ", 37) + "\n「い」"},
		"mixed":         {strings.Repeat("あ", 37) + "Chrome を", strings.Repeat("あ", 37) + "\nChrome を"},
	} {
		own := mails(map[string]string{"password_reset.txt": "Subject\n\n" + tt.text + "\n\n=> Go"})
		r := newRig(t, func(c *coatcheck.Config) { c.Accounts.Templates = own })
		user, err := r.Auth.CreateUser(t.Context(), auth.NewUser{
			Username: "ada", Email: "ada@example.com", Password: canary,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Accounts.RequestReset(t.Context(), user.Email, "en"); err != nil {
			t.Fatal(err)
		}
		if got, _, _ := strings.Cut(r.one(user.Email, "Subject").Text, "\n\n"); got != tt.want {
			t.Errorf("%s:\n%q\nwant\n%q", name, got, tt.want)
		}
	}
}
