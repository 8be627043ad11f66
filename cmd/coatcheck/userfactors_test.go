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

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/internal/softkey"
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
	said("User 'alice' has no second factor and no passkey\n", "alice")
	addApp(t, v)
	said(`ID   FACTOR             ADDED\napp  authenticator app  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\nRecovery codes left: 10\n`, "alice")
	said("Removed the authenticator app and the recovery codes of user 'alice'\n", "alice", "--remove", "app")
	said("User 'alice' has no second factor and no passkey\n", "alice")
	id := addPasskey(t, p, dir, "alice")
	said(`ID            FACTOR           ADDED\n`+id+`  passkey "Phone"  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n`, "alice")
	said("Removed the passkey \"Phone\" of user 'alice'\n", "alice", "--remove", id)
	said("User 'alice' has no second factor and no passkey\n", "alice")
	for _, wrong := range [][]string{{"alice", "--remove", "app"}, {"alice", "--remove", "other"}, {"nobody"}} {
		if out, errs, status := command(t, dir, append([]string{"user", "factors"}, wrong...)...); status == exitOK || errs == "" {
			t.Errorf("user factors %q: %d\n%s%s", wrong, status, out, errs)
		}
	}
}

// addApp adds an authenticator app in a login that waits for it, which ends the login.
func addApp(t *testing.T, v *visitor) {
	t.Helper()
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
}

// addPasskey adds a passkey to the account of a user who has to add a factor at the login first, and
// returns its ID.
func addPasskey(t *testing.T, p *process, dir, name string) string {
	t.Helper()
	v := p.visitor()
	v.base = strings.Replace(p.url, "127.0.0.1", "localhost", 1) // passkeys need a name
	v.post("/accounts/login/", credentials(name, "correct horse"))
	addApp(t, v)
	key := &softkey.Key{}
	response, state, err := key.Create([]byte(v.get("/accounts/passkeys/add/").body), v.base)
	if err != nil {
		t.Fatal(err)
	}
	got := v.post("/accounts/passkeys/add/", url.Values{"name": {"Phone"}, "credential": {response}, "state": {state}})
	if got.status != http.StatusOK {
		t.Fatalf("the passkey: %d %s", got.status, got.body)
	}
	out, errs, status := command(t, dir, "user", "factors", name, "--remove", "app")
	if status != exitOK {
		t.Fatalf("the app stays: %s%s", out, errs)
	}
	return accounts.PasskeyHash(key.ID)[:12]
}
