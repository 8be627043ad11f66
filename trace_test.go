package coatcheck_test

import (
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/throttle"
)

// TestThrottleInTrace: the trace of a login has exactly one line for the throttle, whatever
// comes of it, with its statements and its table; and it shows no secret.
func TestThrottleInTrace(t *testing.T) {
	site, err := coatcheck.New(coatcheck.Config{
		Database: openDB(t),
		Keys:     coatcheck.Keys{Secret: testKey},
		Site:     coatcheck.SiteOptions{Logger: slog.New(slog.DiscardHandler)},
		Passwords: coatcheck.PasswordOptions{
			Hashing: password.Config{Hashers: []password.Hasher{password.PBKDF2SHA256{Iterations: 1}}},
		},
		Logins: coatcheck.LoginOptions{
			Throttle: attempts.Config{Account: throttle.Limit{Burst: 2, Every: time.Hour}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ada, err := site.Auth.CreateUser(t.Context(), auth.NewUser{Username: "ada", Password: goodPassword})
	if err != nil {
		t.Fatal(err)
	}
	block := ""
	handler := middleware.Trace(func(text string) { block = text })(site.Handler(site.Views))
	for _, step := range []struct {
		password, line string
		status         int
	}{
		{goodPassword, "throttle: attempts are left, and one of each budget is taken  budgets=2  statements=", 200},
		{"wrong-canary", "throttle: attempts are left, and one of each budget is taken  budgets=2  statements=", 401},
		{"wrong-canary", "throttle: attempts are left", 401},
		{goodPassword, "throttle: refused with 429, too many attempts at this account  wait=", 429},
	} {
		got := coatchecktest.NewClient(t, site, handler).Post("/accounts/login/", url.Values{
			"username": {"ada"}, "password": {step.password},
		})
		if got.Status != step.status || strings.Count(block, step.line) != 1 || strings.Count(block, "throttle") != 2 {
			t.Errorf("%d, want %d and one line %q:\n%s", got.Status, step.status, step.line, block)
		}
		for _, secret := range []string{"canary", goodPassword, ada.Password.Encoded(), site.Auth.SessionAuthHash(ada)} {
			if strings.Contains(block, secret) {
				t.Errorf("the trace shows %q:\n%s", secret, block)
			}
		}
	}
}
