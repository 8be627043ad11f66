package accounts_test

import (
	"errors"
	"path"
	"testing"

	"github.com/coatcheck/coatcheck/accounts"
)

// TestLinksAreSealedEach: what the database keeps of a link cannot be put into the row
// of another one.
func TestLinksAreSealedEach(t *testing.T) {
	r, ctx := newRig(t), t.Context()
	tokens := map[string]string{}
	for _, email := range []string{"ada@example.com", "eve@example.com"} {
		url, err := r.Accounts.Invite(ctx, email, "")
		if err != nil {
			t.Fatal(err)
		}
		tokens[email] = path.Base(url)
		if got, err := r.Accounts.Invitation(ctx, tokens[email]); err != nil || got != email {
			t.Fatalf("%q, %v", got, err)
		}
	}
	_, err := r.Database.SQL().ExecContext(ctx, "UPDATE coatcheck_link SET data = (SELECT MAX(data) FROM coatcheck_link)")
	if err != nil {
		t.Fatal(err)
	}
	good := 0
	for email, token := range tokens {
		switch got, err := r.Accounts.Invitation(ctx, token); {
		case err == nil && got == email:
			good++
		case !errors.Is(err, accounts.ErrLink):
			t.Errorf("the link for %s is for %q, %v", email, got, err)
		}
	}
	if good != 1 {
		t.Errorf("%d links are good, want the one whose data it is", good)
	}
}
