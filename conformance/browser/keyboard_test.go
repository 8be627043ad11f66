package browser_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// focused describes the element that has the focus, and says in the end where it
// does not show.
const focused = `(() => {
	const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
	const shows = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && box.width > 0 && box.bottom > 0 && box.top < innerHeight;
	return (e.id || e.getAttribute('aria-label') || e.textContent.trim()) + (shows ? '' : ', invisible');
})()`

// TestKeyboard goes through the login page by the Tab key: the order is that of the
// eye, the focus can be seen, and the skip link leads to the content.
func TestKeyboard(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes some seconds")
	}
	s := newSite(t)
	b := newTab(t, s.base)
	b.do(prefer("prefers-reduced-motion", "reduce"))
	fromTheTop := func() {
		b.open("/accounts/login/")
		id := evaluate[string](b, `document.activeElement.id`)
		for end := time.Now().Add(5 * time.Second); id == "" && time.Now().Before(end); { // autofocus comes with the first frame
			id = evaluate[string](b, `document.activeElement.id`)
		}
		if id != "id_username" {
			t.Errorf("the cursor is in %q", id)
		}
		b.do(chromedp.Evaluate[chromedp.Void](`document.body.tabIndex = -1; document.body.focus()`))
	}
	press := func() string { b.do(chromedp.KeyEvent(kb.Tab)); return evaluate[string](b, focused) }
	fromTheTop()
	for _, want := range []string{
		"Skip to the content", "Coatcheck", "Log in", "Sign up", "id_username", "id_password", "Show password", "id_remember", "Log in",
		"Forgot your password?", "Sign up", "language",
	} {
		if got := press(); got != want {
			t.Errorf("the focus is on %q, want %q", got, want)
		}
	}
	b.do(chromedp.KeyEvent(kb.ArrowDown)) // goes past a language, and chooses none yet
	if got := press(); got != "Change" {
		t.Errorf("after a choice by keys the focus is on %q", got)
	}
	if got := evaluate[string](b, `document.documentElement.lang + " " + document.getElementById("language").value`); got != "en es" {
		t.Errorf("the language of the page and of the choice are %q", got)
	}
	fromTheTop()
	if got := press(); got != "Skip to the content" {
		t.Errorf("first comes %q", got)
	}
	b.do(chromedp.KeyEvent(kb.Enter))
	if got := press(); got != "id_username" {
		t.Errorf("the skip link leads to %q", got)
	}
}

// TestErrorsAreFound: the summary of what is wrong has the focus and leads to each field, which says
// once what is wrong with it; the title of the window begins with it. A phone shows all of it.
func TestErrorsAreFound(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes some seconds")
	}
	s := newSite(t)
	s.addUser(t, "taken")
	b := newTab(t, s.base)
	b.open("/accounts/signup/")
	b.write("id_username", "ada")
	b.write("id_email", "ada@example.com")
	b.write("id_password", "12345")
	const ticks = `[...document.querySelectorAll('.rules li')].map(e => e.className || '-').join() + ' ' + document.querySelector('.strength').textContent`
	if got := evaluate[string](b, ticks); got != "met,-,-,- Weak" {
		t.Errorf("the rules while a bad password is typed: %s", got)
	}
	b.write("id_password", "-blue-umbrella")
	if got := evaluate[string](b, ticks); got != "met,met,-,met Fair" {
		t.Errorf("the rules for a good password: %s", got)
	}
	b.do(chromedp.Evaluate[chromedp.Void](`document.getElementById("id_password").value = ""`))
	b.write("id_password", "ada@example") // like the address
	if got := evaluate[string](b, ticks); got != "-,met,-,met Weak" {
		t.Errorf("the rules for a password like the address: %s", got)
	}
	b.do(chromedp.Evaluate[chromedp.Void](`document.getElementById("id_password").value = ""`))
	b.write("id_password", "iloveyou1\t") // the server is asked about it
	b.do(chromedp.WaitVisible(chromedp.CSS(".rules .broken")))
	if got := evaluate[string](b, ticks+" + ' ' + document.querySelector('.broken').textContent"); got != "met,met,broken,met Weak This password is too common." {
		t.Errorf("the rules for a common password: %s", got)
	}
	b.write("id_username", "da\t") // the server is asked again, since the rules were ticked anew
	b.do(chromedp.WaitVisible(chromedp.CSS(".rules .broken")))
	b.do(chromedp.Evaluate[chromedp.Void](`document.getElementById("id_password").value = ""`))
	b.write("id_password", "12345\r") // Enter sends the form
	b.do(chromedp.WaitVisible(chromedp.CSS("[role=alert]")))
	if title := evaluate[string](b, `document.title`); !strings.HasPrefix(title, "Error: ") {
		t.Errorf("the title is %q", title)
	}
	if got := evaluate[string](b, `document.activeElement.innerText`); got != "Please check: Password" {
		t.Errorf("the focus is on %q", got)
	}
	got := evaluate[string](b, `(() => {
		const e = document.getElementById('id_password'), text = document.body.innerText;
		return [e.getAttribute('aria-invalid'), e.getAttribute('aria-describedby').split(' ').map(id => document.getElementById(id).className),
			[...document.querySelectorAll('.rules .broken')].map(e => text.split(e.innerText).length)].join(' ');
	})()`)
	if got != "true help rules 2,2,2" {
		t.Errorf("the field is described by %q", got)
	}
	b.do(chromedp.EmulateViewport(375, 740))
	if high := evaluate[int](b, `document.documentElement.scrollHeight`); high > 900 {
		t.Errorf("on a phone the page with errors is %d pixels high", high)
	}
	if low := evaluate[int](b, `Math.round(document.querySelector('main form > button').getBoundingClientRect().bottom + scrollY)`); low > 740 {
		t.Errorf("on a phone the button ends at %d pixels, below the window", low)
	}
	b.do(chromedp.EmulateViewport(1280, 800))
	b.do(chromedp.Click(chromedp.CSS("[role=alert] a")))
	if id := evaluate[string](b, `document.activeElement.id`); id != "id_password" {
		t.Errorf("the summary leads to %q", id)
	}
}

// TestShowPassword: the switch shows what is typed, says so, and hides it before the
// form goes.
func TestShowPassword(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes some seconds")
	}
	b := newTab(t, newSite(t).base)
	b.open("/accounts/login/")
	b.write("id_username", "ada")
	b.write("id_password", "wrong")
	state := func() string {
		return evaluate[string](b, `document.getElementById('id_password').type + ' ' + document.querySelector('.reveal').getAttribute('aria-pressed')`)
	}
	if got := state(); got != "password false" {
		t.Errorf("at first: %s", got)
	}
	b.do(chromedp.Click(chromedp.CSS(".reveal")))
	if got := state(); got != "text true" {
		t.Errorf("shown: %s", got)
	}
	b.inspect("login-password-shown")
	b.do(chromedp.Click(chromedp.CSS(".reveal")))
	if got := state(); got != "password false" {
		t.Errorf("hidden again: %s", got)
	}
	b.do(chromedp.Click(chromedp.CSS(".reveal")))
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('main form').addEventListener('submit', e => e.preventDefault())`))
	b.do(chromedp.Click(chromedp.CSS("main form > button")))
	if got := state(); got != "password false" {
		t.Errorf("while it is sent: %s", got)
	}
}
