package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// TestUserFactors: an operator lists the second factors of a user and removes them, while serve runs
// that requires one.
func TestUserFactors(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, nil, "--require-factor", "all", "--trust-device-days", "30")
	said := func(want string, args ...string) {
		t.Helper()
		out, errs, status := command(t, dir, append([]string{"user", "factors"}, args...)...)
		if status != exitOK || !regexp.MustCompile("^"+want+"$").MatchString(out) {
			t.Errorf("user factors %q: %d\n%s%s", args, status, out, errs)
		}
	}
	v := p.visitor()
	v.post("/accounts/signup/", credentials("alice", "correct horse"))
	if got := v.post("/accounts/login/", credentials("alice", "correct horse")); got.status != http.StatusForbidden || !strings.Contains(got.body, "two_factor_setup") {
		t.Fatalf("the login: %d %s", got.status, got.body)
	}
	said("User 'alice' has no second factor\n", "alice")
	var offer struct{ Key string }
	if err := json.Unmarshal([]byte(v.get("/accounts/login/two_factor/").body), &offer); err != nil {
		t.Fatal(err)
	}
	code, err := totp.GenerateCode(strings.ReplaceAll(offer.Key, " ", ""), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if got := v.post("/accounts/login/two_factor/", url.Values{"code": {code}}); got.status != http.StatusOK {
		t.Fatalf("the code: %d %s", got.status, got.body)
	}
	said(`ID   FACTOR             ADDED\napp  authenticator app  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\nRecovery codes left: 10\n`, "alice")
	said("Removed the authenticator app and the recovery codes of user 'alice'\n", "alice", "--remove", "app")
	said("User 'alice' has no second factor\n", "alice")
	for _, wrong := range [][]string{{"alice", "--remove", "app"}, {"alice", "--remove", "other"}, {"nobody"}} {
		if out, errs, status := command(t, dir, append([]string{"user", "factors"}, wrong...)...); status == exitOK || errs == "" {
			t.Errorf("user factors %q: %d\n%s%s", wrong, status, out, errs)
		}
	}
}
