package browser_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/twofactor"
)

// codeOf returns the code that an app shows whose key is on the page, some time from now.
func (j *journey) codeOf(key string, later time.Duration) string {
	j.t.Helper()
	code, err := totp.GenerateCode(strings.ReplaceAll(key, " ", ""), time.Now().Add(later))
	if err != nil {
		j.t.Fatal(err)
	}
	return code
}

const keyOnPage = `document.querySelector('.key').textContent`

// TestBrowserTwoFactor: a user adds an authenticator app, logs in by its codes and by a recovery code,
// trusts the device, and removes the app; another one must add an app at the login.
func TestBrowserTwoFactor(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes some seconds")
	}
	j := newJourney(t, func(c *coatcheck.Config) {
		c.Logins.TwoFactor = twofactor.Options{Require: twofactor.RequireStaff, TrustDevices: 30 * 24 * time.Hour}
	})
	for _, user := range []auth.NewUser{
		{Username: "ada", Email: "ada@example.com", Password: canary},
		{Username: "staff", Email: "staff@example.com", Password: canary, IsStaff: true},
	} {
		if _, err := j.site.Auth.CreateUser(t.Context(), user); err != nil {
			t.Fatal(err)
		}
	}
	j.open("/accounts/login/?next=/accounts/two_factor/")
	j.fill("username", "ada", "password", canary)
	j.want("/accounts/two_factor/", "Two-factor authentication")
	j.inspect("two-factor-none")
	key, codes := j.addApp()
	j.codeAtLogin(key, codes)
	j.removeApp(codes)
	j.appRequired()
}

// addApp adds an app, after a wrong code.
func (j *journey) addApp() (key string, codes []string) {
	j.t.Helper()
	j.click("main .button")
	j.want("/accounts/two_factor/add/", "Add an app")
	j.inspect("two-factor-add")
	j.fill("code", "000000", "password", canary)
	j.inspect("two-factor-add-error")
	key = evaluate[string](j.tab, keyOnPage)
	j.fill("code", j.codeOf(key, 0), "password", canary)
	j.want("/accounts/two_factor/add/", "Your recovery codes")
	j.inspect("recovery-codes-shown")
	codes = strings.Fields(evaluate[string](j.tab, `document.querySelector('.codes').textContent`))
	if len(codes) != 10 {
		j.t.Fatalf("codes: %q", codes)
	}
	j.letter("factor-added", "ada@example.com", "ask for a code now")
	j.click("main .button")
	j.want("/accounts/two_factor/", "Two-factor authentication")
	j.inspect("two-factor")
	return key, codes
}

// logInToCode logs out, and in again by the password.
func (j *journey) logInToCode() {
	j.t.Helper()
	j.click(".logout button")
	j.open("/accounts/login/?next=/accounts/two_factor/")
	j.fill("username", "ada", "password", canary)
	j.want("/accounts/login/code/?next=/accounts/two_factor/", "Enter your code")
}

// codeAtLogin logs in by a code, by a recovery code, and on a device that is trusted.
func (j *journey) codeAtLogin(key string, codes []string) {
	j.t.Helper()
	j.logInToCode()
	j.inspect("login-code")
	if id := evaluate[string](j.tab, `document.activeElement.id`); id != "id_code" {
		j.t.Errorf("the cursor is in %q", id)
	}
	j.open("/accounts/profile/")
	j.want("/accounts/login/code/?next=/accounts/profile/", "Enter your code")
	j.fill("code", "000000")
	j.inspect("login-code-error")
	j.fill("code", j.codeOf(key, 30*time.Second))
	j.want("/accounts/profile/", "Your profile")

	j.logInToCode()
	j.click("main p > a")
	j.inspect("login-recovery-code")
	j.do(chromedp.Click(chromedp.ID("id_trust")))
	j.fill("code", codes[0])
	j.want("/accounts/two_factor/", "Two-factor authentication")
	j.inspect("two-factor-recovered")
	j.letter("recovery-code-used", "ada@example.com", "recovery code")

	j.click(".logout button")
	j.open("/accounts/login/?next=/accounts/two_factor/")
	j.fill("username", "ada", "password", canary)
	j.want("/accounts/two_factor/", "Two-factor authentication")
}

// removeApp gets new recovery codes, and removes the app by one of them.
func (j *journey) removeApp(codes []string) {
	j.t.Helper()
	j.click("main .button")
	j.want("/accounts/two_factor/recovery_codes/", "Get new recovery codes")
	j.inspect("recovery-codes")
	j.fill("password", canary, "code", codes[1])
	renewed := strings.Fields(evaluate[string](j.tab, `document.querySelector('.codes').textContent`))
	j.open("/accounts/two_factor/remove/")
	j.inspect("two-factor-remove")
	j.fill("password", canary, "code", renewed[0])
	j.want("/accounts/two_factor/", "Two-factor authentication")
	j.inspect("two-factor-removed")
	j.letter("factor-removed", "ada@example.com", "ask for no code")
	j.click(".logout button")
}

// appRequired logs in a user who must have an app.
func (j *journey) appRequired() {
	j.t.Helper()
	j.open("/accounts/login/?next=/accounts/profile/")
	j.fill("username", "staff", "password", canary)
	j.want("/accounts/login/two_factor/?next=/accounts/profile/", "Add an app")
	j.inspect("login-two-factor")
	j.fill("code", j.codeOf(evaluate[string](j.tab, keyOnPage), 0))
	j.want("/accounts/login/two_factor/?next=/accounts/profile/", "Your recovery codes")
	j.click("main .button")
	j.want("/accounts/profile/", "Your profile")
}
