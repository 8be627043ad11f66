package main

import (
	netmail "net/mail"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSiteFlags: the name, the logo, the colour and the help of a site are in the pages and emails
// of serve, and the name goes before a sender that has none.
func TestSiteFlags(t *testing.T) {
	const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 16"><path d="M0 0h64v16z"/></svg>`
	const name = `Löwe & "Söhne", Köln`
	for from, want := range map[string]netmail.Address{
		"":                            {Name: name, Address: "webmaster@localhost"},
		"shop@example.com":            {Name: name, Address: "shop@example.com"},
		"The till <shop@example.com>": {Name: "The till", Address: "shop@example.com"},
	} {
		t.Run(from, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			writeBelow(t, dir, "logo.svg", drawing)
			flags := []string{
				"--site-name", name, "--site-logo", "logo.svg", "--site-accent", "#0a58ca", "--site-support", "mailto:help@shop.example",
				"--signup-verification", "--email-backend", "file", "--email-file-path", "sent",
			}
			if from != "" {
				flags = append(flags, "--default-from-email", from)
			}
			v := start(t, dir, nil, flags...).visitor()
			page := v.get("/accounts/login/", "Accept", "text/html").body
			for _, part := range []string{`alt="Löwe &amp; &#34;Söhne&#34;, Köln"></a>`, `<a href="mailto:help@shop.example">Get help</a>`} {
				if !strings.Contains(page, part) {
					t.Errorf("the page lacks %s:\n%s", part, page)
				}
			}
			style := regexp.MustCompile(`rel="stylesheet" href="([^"]+)"`).FindStringSubmatch(page)
			if style == nil || !strings.Contains(v.get(style[1]).body, "--accent: #0a58ca;") {
				t.Errorf("the stylesheet %q has another colour", style)
			}
			if got := v.get("/accounts/static/logo.svg"); got.body != drawing {
				t.Errorf("the logo: %d %q", got.status, got.body)
			}
			form := credentials("alice", "correct horse")
			form.Set("email", "alice@example.com")
			v.post("/accounts/signup/", form)
			got := sentTo(t, filepath.Join(dir, "sent"))
			sender, err := netmail.ParseAddress(got.Header.Get("From"))
			if err != nil || *sender != want {
				t.Errorf("From is %q: %v, %v", got.Header.Get("From"), sender, err)
			}
			if !strings.HasSuffix(got.Text, "\nGet help: help@shop.example\n") || !strings.Contains(got.HTML, "background: #0a58ca") {
				t.Errorf("the email:\n%s\n%s", got.Text, got.HTML)
			}
		})
	}
}

// TestSenderWithOddSite: a name that no header can have leaves the address alone, and so does a
// sender that is none.
func TestSenderWithOddSite(t *testing.T) {
	for _, tt := range [][3]string{
		{"a\nb", "shop@example.com", "shop@example.com"},
		{strings.Repeat("x", 300), "shop@example.com", "shop@example.com"},
		{"Shop", "nobody", "nobody"},
		{"Shop", "<shop@example.com>", `"Shop" <shop@example.com>`},
	} {
		f := mailFlags{From: tt[1]}
		if got := f.from(tt[0]); got != tt[2] {
			t.Errorf("%q of %q: %q, want %q", tt[1], tt[0], got, tt[2])
		}
	}
}
