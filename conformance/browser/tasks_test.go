package browser_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// person counts the steps of someone who uses the pages.
type person struct {
	*journey
	steps int
}

// press clicks on a link or a button.
func (p *person) press(selector string) { p.t.Helper(); p.steps++; p.click(selector) }

// tick clicks on a box.
func (p *person) tick(id string) { p.t.Helper(); p.steps++; p.do(chromedp.Click(chromedp.ID(id))) }

// send writes into fields, by their names, each of which is a step, and presses the button.
func (p *person) send(pairs ...string) { p.t.Helper(); p.steps += len(pairs)/2 + 1; p.fill(pairs...) }

// read opens the link of an email.
func (p *person) read(to, subject string) {
	p.t.Helper()
	p.steps++
	p.follow(p.letter("", to, subject))
}

// tasks are what visitors come for, each from the page where the one before led.
var tasks = []struct {
	name string
	do   func(p *person)
}{
	{"Sign up, first with a password that is too common", func(p *person) {
		p.press("header a[href='/accounts/signup/']")
		p.send("username", "ada.lovelace", "email", "ada@example.com", "password", "password1")
		p.send("password", canary)
		p.read("ada@example.com", "Confirm your address")
		p.press("main form > button")
		p.send("password", canary)
	}},
	{"Change the email address", func(p *person) {
		p.press(".menu a[href='/accounts/email/']")
		p.send("email", "countess@example.com", "password", canary)
		p.read("countess@example.com", "Confirm your new address")
		p.press("main form > button")
	}},
	{"Sign out another device", func(p *person) {
		p.press(".menu a[href='/accounts/sessions/']")
		p.press(".places form button")
	}},
	{"Log out, and choose another password for the one that was forgotten", func(p *person) {
		p.press("header .logout button")
		p.press("header a[href='/accounts/login/']")
		p.press("main a[href='/accounts/password_reset/']")
		p.send("email", "countess@example.com")
		p.read("countess@example.com", "Password reset")
		p.send("new_password1", another)
		p.send("password", another)
	}},
	{"Close the account", func(p *person) {
		p.press(".menu a[href='/accounts/close/']")
		p.tick("id_understand")
		p.send("password", another)
	}},
}

// TestTasks: what visitors come for takes as many steps as docs/pages.md says. A step is a field
// that is filled in, a box that is ticked, a link or button that is pressed, or an email's link.
func TestTasks(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes some seconds")
	}
	page, err := os.ReadFile("../../docs/pages.md")
	if err != nil {
		t.Fatal(err)
	}
	p := &person{journey: newJourney(t)}
	p.hold = true // other tests look at the pages
	p.open("/")
	for _, task := range tasks {
		if task.name == "Sign out another device" {
			p.elsewhere(canary)
		}
		p.steps = 0
		task.do(p)
		if row := fmt.Sprintf("| %s | %d |", task.name, p.steps); !strings.Contains(string(page), row) {
			t.Errorf("docs/pages.md does not say: %s", row)
		}
	}
	p.want("/accounts/login/", "Log in")
	p.wantNotice("Your account is closed, and you are signed out everywhere. Thank you for having been here.")
}
