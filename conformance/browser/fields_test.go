package browser_test

import (
	"path/filepath"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/userfields"
)

// TestBrowserFields: fields of the site's own, of every type, on the pages that show them.
func TestBrowserFields(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes some seconds")
	}
	db, err := sqlite.Config{
		DSN: filepath.Join(t.TempDir(), "fields.db"), UserModel: database.UserModel{Fields: []userfields.Field{
			{Name: "company", MaxLength: 30, Required: true},
			{Name: "born", Type: userfields.Date, Label: "Date of birth", Help: "For your birthday present."},
			{Name: "seats", Type: userfields.Integer},
			{Name: "news", Type: userfields.Boolean, Label: "Send me the newsletter"},
			{Name: "plan", Type: userfields.Choice, Choices: []userfields.Option{
				{Value: "free", Label: "For free"}, {Value: "team", Label: "For teams"},
			}},
		}},
	}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	j := newJourney(t, on(db), func(c *coatcheck.Config) { c.Views.SignupVerification = false })
	j.open("/accounts/signup/")
	j.inspect("signup-fields")
	if wide := evaluate[int](j.tab, `document.querySelector('footer select').offsetWidth`); wide > 300 {
		t.Errorf("the choice of the language is %d pixels wide", wide)
	}
	j.put("username", "ada", "password", canary, "company", " ")
	j.click("main form:not([action]) > button")
	j.inspect("signup-fields-error")
	j.put("company", "Engines", "password", canary)
	j.do(chromedp.SetValue(chromedp.ID("id_born"), "1815-12-10"))
	j.do(chromedp.SetValue(chromedp.ID("id_plan"), "team"))
	j.click("main form:not([action]) > button")
	j.want("/accounts/login/", "Log in")
	j.fill("username", "ada", "password", canary)
	j.want("/accounts/profile/", "Your profile")
	j.inspect("profile-fields")
	for _, want := range []string{"Engines", "For teams"} {
		if !contains(j, want) {
			t.Errorf("the profile does not show %q", want)
		}
	}
	j.click(`.menu a[href="/accounts/profile/edit/"]`)
	j.inspect("profile-edit")
	j.fill("company", "Analytical Engines")
	j.want("/accounts/profile/", "Your profile")
	if !contains(j, "Analytical Engines") {
		t.Error("the profile shows the company that was")
	}
}

// contains reports whether the page shows the text.
func contains(j *journey, text string) bool {
	j.t.Helper()
	return evaluate[bool](j.tab, `document.body.innerText.includes(`+strconv.Quote(text)+`)`)
}
