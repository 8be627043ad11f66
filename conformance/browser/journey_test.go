package browser_test

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/mail/mailtest"
)

// journey is a visitor's way through a whole site, which emails by SMTP.
type journey struct {
	*tab
	site   *coatcheck.Site
	mails  *mailtest.Server
	read   map[int]bool // which of the emails were looked at
	reader *tab         // shows emails
}

// newJourney starts the site, and opens a browser.
func newJourney(t *testing.T, changes ...func(*coatcheck.Config)) *journey {
	t.Helper()
	s := newSite(t, append([]func(*coatcheck.Config){func(c *coatcheck.Config) {
		c.Site.Name, c.Views.SignupVerification = "The Shop", true
	}}, changes...)...)
	run(t, s.Site)
	return &journey{tab: newTab(t, s.base), site: s.Site, mails: s.mails, read: map[int]bool{}}
}

// run does the site's housekeeping, which sends the emails, until the test ends.
func run(t *testing.T, site *coatcheck.Site) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- site.Run(t.Context()) }()
	t.Cleanup(func() {
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// follow opens a link of an email.
func (j *journey) follow(link string) { j.t.Helper(); j.open(strings.TrimPrefix(link, j.base)) }

// fill writes into fields, by their names, and sends the form.
func (j *journey) fill(pairs ...string) {
	j.t.Helper()
	j.put(pairs...)
	j.click("main form:not([action]) > button")
}

// put writes into fields, by their names.
func (j *journey) put(pairs ...string) {
	j.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		j.do(chromedp.Clear(chromedp.ID("id_" + pairs[i])))
		j.write("id_"+pairs[i], pairs[i+1])
	}
}

var anyLink = regexp.MustCompile(`(?m)^http://127\.0\.0\.1:\d+(/accounts/\S*)$`)

// letter waits until an email that was not looked at yet is about the subject, inspects
// it under the name, has a scanner open its links, and returns the path of the first.
func (j *journey) letter(name, to, subject string) string {
	j.t.Helper()
	for n := 0; ; n++ {
		m := j.mails.Wait(j.t, n+1)[n]
		if j.read[n] || !strings.Contains(m.Subject, subject) {
			continue
		}
		j.read[n] = true
		if !slices.Contains(m.To, to) {
			j.t.Errorf("%q went to %v, want %s", m.Subject, m.To, to)
		}
		scan(j.t, m.Subject, m)
		if j.reader == nil && !j.hold {
			j.reader = newTab(j.t, j.base)
			j.reader.looks = emailLooks
		}
		if j.reader != nil {
			j.reader.do(chromedp.Navigate("data:text/html;charset=utf-8;base64," + base64.StdEncoding.EncodeToString([]byte(m.HTML))))
			j.reader.inspect("mail-" + name)
		}
		if link := anyLink.FindStringSubmatch(m.Text); link != nil {
			return link[1]
		}
		return ""
	}
}

// TestBrowser is a visitor's whole way in a real browser, on SQLite and on
// PostgreSQL, with emails by SMTP. Every page and every email is inspected.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes some seconds")
	}
	t.Run("sqlite", func(t *testing.T) { newJourney(t).walk() })
	t.Run("postgres", func(t *testing.T) {
		db, err := postgres.Open(t.Context(), testenv.Postgres(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		j := newJourney(t, on(db))
		j.hold = true // the pages look the same
		j.walk()
	})
}

func (j *journey) walk() {
	j.t.Helper()
	if _, err := j.site.Auth.CreateUser(j.t.Context(), auth.NewUser{Username: "taken", Email: "taken@example.com", Password: another}); err != nil {
		j.t.Fatal(err)
	}
	j.lookAround()
	j.signUp()
	j.logIn()
	j.changePassword()
	j.changeEmail()
	j.endSessions()
	j.undo()
	j.forget()
	j.speak()
	j.close()
}

// lookAround sees the pages for everybody.
func (j *journey) lookAround() {
	j.t.Helper()
	j.open("/")
	j.want("/", "Welcome to The Shop")
	j.inspect("home")
	j.do(chromedp.Click(chromedp.CSS("summary")))
	j.inspect("home-developers")
	j.showsMore("pre")
	j.open("/public/")
	j.inspect("public")
	j.open("/nothing-here/")
	j.inspect("not-found")
}

// signUp meets an error, and confirms the address by the email.
func (j *journey) signUp() {
	j.t.Helper()
	j.open("/accounts/profile/")
	j.want("/accounts/login/?next=/accounts/profile/", "Log in")
	j.inspect("login")
	j.click(".stub a")
	j.want("/accounts/signup/?next=/accounts/profile/", "Sign up")
	j.inspect("signup")
	if id := evaluate[string](j.tab, `document.activeElement.id`); id != "id_username" {
		j.t.Errorf("the cursor is in %q", id)
	}
	j.fill("username", "taken", "email", "ada@example.com", "password", canary)
	j.inspect("signup-error")
	if got := evaluate[string](j.tab, `document.getElementById('id_password').value`); got != "" {
		j.t.Error("the password was sent back")
	}
	j.fill("username", "ada.lovelace", "password", canary)
	j.want("/accounts/signup/sent/", "Check your email")
	j.inspect("signup-sent")
	j.follow(j.letter("signup-confirm", "ada@example.com", "Confirm your address"))
	j.inspect("signup-confirm")
	j.click("main form > button")
	j.want("/accounts/login/", "Log in")
	j.inspect("login-created")
	if cookies := evaluate[string](j.tab, `document.cookie`); cookies != "" {
		j.t.Errorf("scripts can read %q", cookies)
	}
	j.open("/accounts/signup/")
	j.fill("username", "ada2", "email", "ada@example.com", "password", canary)
	j.want("/accounts/signup/sent/", "Check your email") // the same; only the email tells
	j.letter("signup-exists", "ada@example.com", "already")
}

// logIn meets an error, and forgets nothing by the box that is ticked.
func (j *journey) logIn() {
	j.t.Helper()
	j.open("/accounts/login/?next=/accounts/profile/")
	j.fill("username", "ada.lovelace", "password", "wrong")
	j.inspect("login-error")
	j.fill("password", canary)
	j.want("/accounts/profile/", "Your profile")
	j.inspect("profile")
	j.open("/")
	j.inspect("home-signed-in")
	j.open("/accounts/login/")
	j.inspect("login-signed-in")
	j.open("/accounts/logout/")
	j.want("/accounts/logout/", "Log out?")
	j.inspect("logout")
	j.click("main form > button")
	j.want("/accounts/logout/", "You are logged out")
	j.inspect("logged-out")
	j.open("/accounts/profile/")
	j.want("/accounts/login/?next=/accounts/profile/", "Log in")
	j.do(chromedp.Click(chromedp.ID("id_remember"))) // a session that ends with the browser
	j.fill("username", "ada.lovelace", "password", canary)
	j.want("/accounts/profile/", "Your profile")
}

func (j *journey) changePassword() {
	j.t.Helper()
	j.open("/accounts/password_change/")
	j.inspect("password-change")
	j.fill("old_password", "wrong", "new_password1", another)
	j.inspect("password-change-error")
	j.fill("old_password", canary, "new_password1", another)
	j.want("/accounts/profile/", "Your profile")
	j.inspect("password-change-done")
	j.letter("password-changed", "ada@example.com", "password")
}

// changeEmail keeps the address until the new one is confirmed, and tells the old.
func (j *journey) changeEmail() {
	j.t.Helper()
	j.open("/accounts/email/")
	j.inspect("email")
	j.put("email", "no address", "password", "wrong")
	j.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('main form').noValidate = true`))
	j.click("main form > button")
	j.inspect("email-error")
	j.fill("email", "countess@example.com", "password", another)
	j.want("/accounts/email/sent/", "Check your email")
	j.inspect("email-sent")
	j.letter("email-change-begun", "ada@example.com", "is about to change")
	link := j.letter("email-confirm", "countess@example.com", "Confirm your new address")
	j.follow(link)
	j.inspect("email-confirm")
	j.click("main form > button")
	j.want("/accounts/profile/", "Your profile")
	j.inspect("email-done")
	j.follow(link)
	j.want(link, "This link is used up or too old")
	j.inspect("link-used")
}

// endSessions signs in with two more browsers, and ends their sessions: one, then all
// others.
func (j *journey) endSessions() {
	j.t.Helper()
	j.letter("email-changed", "ada@example.com", "Your address on The Shop was changed")
	others := []*journey{j.elsewhere(another), j.elsewhere(another)}
	j.open("/accounts/sessions/")
	j.want("/accounts/sessions/", "Where you are signed in")
	j.inspect("sessions")
	j.click(".places form button")
	j.inspect("sessions-ended")
	j.wantNotice("Signed out: Chrome on Linux.")
	j.click(".places + form button")
	j.want("/accounts/sessions/", "Where you are signed in")
	j.wantNotice("Signed out: Chrome on Linux.")
	j.open("/accounts/sessions/")
	j.wantNotice("")
	for _, other := range others {
		other.open("/accounts/profile/")
		other.want("/accounts/login/?next=/accounts/profile/", "Log in")
	}
}

// wantNotice checks what the page tells of what was done before it.
func (j *journey) wantNotice(want string) {
	j.t.Helper()
	if got := evaluate[string](j.tab, `document.querySelector('.notice')?.innerText ?? ""`); got != want {
		j.t.Errorf("the page tells %q, want %q", got, want)
	}
}

// elsewhere signs in with a browser of its own, which nothing inspects.
func (j *journey) elsewhere(password string) *journey {
	j.t.Helper()
	other := &journey{tab: newTab(j.t, j.base), site: j.site, mails: j.mails}
	other.hold = true
	other.open("/accounts/login/")
	other.fill("username", "ada.lovelace", "password", password)
	other.want("/accounts/profile/", "Your profile")
	return other
}

// undo follows the link of the notice about a new device, by which every session ends
// and a link to a new password comes.
func (j *journey) undo() {
	j.t.Helper()
	j.follow(j.letter("new-device", "countess@example.com", "New sign-in"))
	j.inspect("not-me")
	j.click("main form > button")
	j.inspect("not-me-done")
	j.letter("rescue", "countess@example.com", "Choose a new password")
}

// forget asks for a link to a new password, and sets one.
func (j *journey) forget() {
	j.t.Helper()
	j.open("/accounts/password_reset/")
	j.inspect("password-reset")
	j.fill("email", "countess@example.com")
	j.want("/accounts/password_reset/done/", "Check your email")
	j.inspect("password-reset-done")
	j.click("main form > button")
	j.wantNotice("The email is on its way again.")
	j.inspect("password-reset-again")
	link := j.letter("password-reset", "countess@example.com", "Password reset")
	j.follow(link)
	j.inspect("password-reset-confirm")
	j.fill("new_password1", "12345")
	j.inspect("password-reset-confirm-error")
	j.fill("new_password1", canary)
	j.inspect("password-reset-complete")
	j.follow(link)
	j.want(link, "This link is used up or too old")
	j.inspect("password-reset-unsuccessful")
	j.open("/accounts/login/?next=/accounts/profile/")
	j.fill("username", "ada.lovelace", "password", canary)
	j.want("/accounts/profile/", "Your profile")
}

// speak switches the languages, and sees the pages with the longest texts.
func (j *journey) speak() {
	j.t.Helper()
	j.slim = true
	for _, language := range []string{"de", "fr", "es", "ja", "en"} {
		j.open("/accounts/profile/")
		j.chooseLanguage(language)
		if got := evaluate[string](j.tab, `document.documentElement.lang`); got != language {
			j.t.Errorf("the page is in %q, want %q", got, language)
		}
		if language == "en" {
			break
		}
		for name, path := range map[string]string{
			"profile": "/accounts/profile/", "sessions": "/accounts/sessions/", "email": "/accounts/email/", "name": "/accounts/name/", "close": "/accounts/close/",
			"home": "/", "password-change": "/accounts/password_change/", "signup": "/accounts/signup/", "login": "/accounts/login/", "password-reset": "/accounts/password_reset/",
		} {
			j.open(path)
			j.inspect(name + "-" + language)
		}
	}
	j.slim = false
	j.open("/public/")
	j.click("footer a")
	j.inspect("language")
	j.click("main button[aria-current]")
	j.want("/public/", "Open to everybody")
}

// chooseLanguage chooses from the list at the foot, which needs no button.
func (j *journey) chooseLanguage(code string) {
	j.t.Helper()
	yes := true // as the click of a person is; "Back" skips pages that a script left
	choose := chromedp.Evaluate[chromedp.Void](`(() => {
		const choice = document.getElementById('language');
		if (getComputedStyle(choice.form.querySelector('button')).visibility !== 'hidden') throw 'the button is still there';
		choice.value = `+strconv.Quote(code)+`;
		choice.dispatchEvent(new Event('change', { bubbles: true }));
	})()`, func(p *runtime.EvaluateParams) { p.UserGesture = &yes })
	if _, err := chromedp.RunResponse(j.ctx, choose); err != nil {
		j.t.Fatal(err)
	}
}

func (j *journey) close() {
	j.t.Helper()
	j.open("/accounts/close/")
	j.inspect("close")
	j.do(chromedp.Click(chromedp.ID("id_understand")))
	j.fill("password", canary)
	j.want("/accounts/login/", "Log in")
	j.inspect("closed")
	j.letter("account-closed", "countess@example.com", "closed")
	j.open("/accounts/login/")
	j.fill("username", "ada.lovelace", "password", canary)
	j.want("/accounts/login/", "Log in")
}
