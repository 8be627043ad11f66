package accounts_test

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/text/width"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/mail"
	"github.com/coatcheck/coatcheck/mail/mailtest"
)

const help = "mailto:help@shop.example?subject=My%20account"

// branding sets a wide logo, a colour and a link to where users get help.
func branding(t *testing.T) func(*coatcheck.Config) {
	t.Helper()
	var logo bytes.Buffer
	if err := png.Encode(&logo, image.NewGray(image.Rect(0, 0, 128, 32))); err != nil {
		t.Fatal(err)
	}
	return func(c *coatcheck.Config) {
		c.Site.Logo, c.Site.Accent, c.Site.Support = logo.Bytes(), "#0a58ca", help
	}
}

// TestEveryEmail has the site send each of its emails in each of its languages: the text has
// every link, name and fact of the HTML in lines that are not too long, a client of email
// reads both, and no email asks for a response or offers to stop what nobody may do without.
func TestEveryEmail(t *testing.T) {
	plain, branded := newRig(t), newRig(t, branding(t))
	for i, lang := range []string{"en", "de", "fr", "es", "ja"} {
		t.Run(lang, func(t *testing.T) {
			r := plain
			if i%2 == 0 {
				r = branded
			}
			r.t = t
			all := r.everyEmail(lang)
			want := len(accounts.MailTemplates()) - 1 // but for the HTML around them
			if len(all) != want {
				t.Fatalf("%d emails, want %d: %q", len(all), want, subjects(all))
			}
			subjects := map[string]bool{}
			for _, m := range all {
				subjects[m.Subject] = true
				checkLetter(t, m, lang, i%2 == 0)
			}
			if len(subjects) != want-1 { // an app that was removed has one subject, no matter who did it
				t.Errorf("%d subjects, want %d", len(subjects), want-1)
			}
		})
	}
}

// factorEmails does with the second factors and passkeys of an account what emails are about.
func (r *rig) factorEmails(name, lang string) {
	r.t.Helper()
	user, err := r.Auth.UserByUsername(r.t.Context(), name)
	if err != nil {
		r.t.Fatal(err)
	}
	request := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	request.Header.Set("Accept-Language", lang)
	request.Header.Set("User-Agent", firefox)
	r.Accounts.NoticeFactorAdded(request, user)
	r.Accounts.NoticeRecoveryCode(request, user, 9)
	r.Accounts.NoticeFactorRemoved(request, user)
	if err := own.New(r.Database).InsertDeviceBinding(r.t.Context(), own.DeviceBinding{ID: name, UserID: user.ID}); err != nil {
		r.t.Fatal(err)
	}
	for range 2 { // told once
		r.Accounts.NoticeUnbound(request, r.Sessions.Session("a-stolen-key"), user, name)
	}
	challenge := func(text string) accounts.Challenge {
		return accounts.Challenge{Text: name + text, Expires: time.Now().Add(time.Minute)}
	}
	p := own.Passkey{IDHash: accounts.PasskeyHash([]byte(name)), Name: "Phone", SignCount: 7}
	added := r.Accounts.AddPasskey(request, user, challenge("add"), p)
	p.SignCount = 1 // as that of a copy
	if err := r.Accounts.UsePasskey(request, user, challenge("login"), p); !errors.Is(err, accounts.ErrPasskeyCopied) {
		r.t.Errorf("a copied passkey: %v", err)
	}
	at := own.OIDC{Issuer: "https://login.example", Subject: name}
	if err := errors.Join(
		r.Accounts.MailFactorRemoved(r.t.Context(), user, lang), added, r.Accounts.RemovePasskey(request, user, p.IDHash),
		r.Accounts.LinkOIDC(request, user, at, "Example"),
		r.Accounts.UnlinkOIDC(request, user, own.OIDCHash(at.Issuer, at.Subject), "Example", nil, false),
	); err != nil {
		r.t.Fatal(err)
	}
}

// everyEmail does with an account what emails are about, and returns them.
func (r *rig) everyEmail(lang string) (all []mail.Message) {
	r.t.Helper()
	ctx, name := r.t.Context(), "user-"+lang
	must := func(err error) {
		r.t.Helper()
		if err != nil {
			r.t.Fatal(err)
		}
	}
	sent := func(n int) []mail.Message {
		r.t.Helper()
		messages := r.deliver()
		if len(messages) != n {
			r.t.Fatalf("%d emails, want %d: %q", len(messages), n, subjects(messages))
		}
		all = append(all, messages...)
		return messages
	}
	path := func(m mail.Message) string { p, _ := link(r.t, m); return p }
	browser := func() *coatchecktest.Client {
		r.t.Helper()
		c := r.NewClient(r.handler)
		c.Header.Set("Accept-Language", lang)
		c.Header.Set("User-Agent", firefox)
		r.post(c, "/accounts/login/", map[string]string{"username": name, "password": canary})
		return c
	}
	signup := func() mail.Message {
		_, err := r.Accounts.BeginSignup(ctx, newcomer(name), lang)
		must(err)
		return sent(1)[0]
	}
	_, token := link(r.t, signup())
	_, err := r.Accounts.ConfirmSignup(ctx, token)
	must(err)
	signup()
	c := browser()
	browser()
	stop := path(sent(1)[0]) // the new device
	r.post(c, "/accounts/email/", map[string]string{"email": name + "@new.example", "password": canary})
	for _, m := range sent(2) {
		if m.To == name+"@new.example" {
			r.post(c, path(m), map[string]string{})
		}
	}
	sent(1)
	r.post(c, "/accounts/password_change/", map[string]string{"old_password": canary, "new_password1": another})
	sent(1)
	r.post(c, stop, map[string]string{})
	rescue := sent(1)[0]
	r.setPassword(path(rescue), canary)
	r.deliver() // that the password was changed, once more
	must(r.Accounts.RequestReset(ctx, rescue.To, lang))
	sent(1)
	c = browser()
	r.deliver() // that this is a new device
	r.factorEmails(name, lang)
	sent(10)
	r.post(c, "/accounts/close/", map[string]string{"understand": "on", "password": canary})
	sent(1)
	_, err = r.Accounts.Invite(ctx, "bob-"+lang+"@example.com", lang)
	must(err)
	sent(1)
	return all
}

// post sends a form, which the site must accept.
func (r *rig) post(c *coatchecktest.Client, path string, fields map[string]string) {
	r.t.Helper()
	if got := c.PostJSON(path, fields); got.Status/100 != 2 {
		r.t.Fatalf("%s: %d %s", path, got.Status, got.Body)
	}
}

var anyURL = regexp.MustCompile(`https?://\S+`)

// checkLetter compares both parts of an email, as a client gets them.
func checkLetter(t *testing.T, m mail.Message, lang string, branded bool) {
	t.Helper()
	m.From = "The Shop <shop@example.com>"
	raw, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := mailtest.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got.Text != m.Text || got.HTML != m.HTML || got.Subject != m.Subject {
		t.Errorf("%s: a client reads another text, HTML or subject", m.Subject)
	}
	if got.Header.Get("Auto-Submitted") != "auto-generated" || got.Header["List-Unsubscribe"] != nil || got.Header["Reply-To"] != nil {
		t.Errorf("%s: the headers are %v", m.Subject, got.Header)
	}
	for line := range bytes.Lines(raw) {
		if len(line) > 80 || bytes.ContainsFunc(line, func(r rune) bool { return r > '~' }) {
			t.Errorf("%s: the line %q", m.Subject, line)
		}
	}
	for line := range strings.Lines(m.Text) {
		if n := lineWidth(strings.TrimSuffix(line, "\n")); n > 78 && !anyURL.MatchString(line) {
			t.Errorf("%s: %d columns: %s", m.Subject, n, line)
		}
	}
	words, links := read(t, m.HTML)
	whole := squeeze(m.Subject + m.Text)
	for _, text := range words {
		if !strings.Contains(whole, squeeze(text)) {
			t.Errorf("%s: the text lacks %q:\n%s", m.Subject, text, m.Text)
		}
	}
	for _, address := range links {
		if plain, isMail := strings.CutPrefix(address, "mailto:"); isMail {
			address, _, _ = strings.Cut(plain, "?")
		}
		if !regexp.MustCompile(`(?m)(^|\s)` + regexp.QuoteMeta(address) + `$`).MatchString(m.Text) {
			t.Errorf("%s: the text lacks %s:\n%s", m.Subject, address, m.Text)
		}
	}
	for _, address := range anyURL.FindAllString(m.Text, -1) {
		if !slices.Contains(links, address) {
			t.Errorf("%s: the HTML lacks %s", m.Subject, address)
		}
	}
	checkLook(t, m, lang, links, branded)
}

// checkLook: the colours, the logo and the help of the site are in the email, or ours.
func checkLook(t *testing.T, m mail.Message, lang string, links []string, branded bool) {
	t.Helper()
	const picture = `<img src="https://www.example.com/accounts/static/logo.png" width="112" height="28" alt="The Shop"`
	foot := map[string]string{"en": "Get help", "fr": "Obtenir de l’aide", "ja": "ヘルプ"}[lang] + ": help@shop.example\n"
	for part, want := range map[string]bool{
		"background: #0a58ca": branded && strings.Contains(m.HTML, `class="button"`), picture: branded,
		"color: #14655d": !branded, `>The Shop</td>`: !branded, "#14655d": !branded, `<html lang="` + lang + `"`: true,
	} {
		if strings.Contains(m.HTML, part) != want {
			t.Errorf("%s: %s is in it: %v\n%s", m.Subject, part, !want, m.HTML)
		}
	}
	if strings.HasSuffix(m.Text, "\n-- \nThe Shop\nhttps://www.example.com/\n"+foot) != branded || slices.Contains(links, help) != branded {
		t.Errorf("%s: help, though %v is right: %s %q", m.Subject, branded, m.Text, links)
	}
}

// read returns the texts of a document that people see, and its links.
func read(t testing.TB, document string) (texts, links []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" && strings.Trim(n.Data, " ·\n") != "" {
			texts = append(texts, n.Data)
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "alt":
				texts = append(texts, a.Val)
			case a.Key == "href":
				if _, err := url.Parse(a.Val); err != nil {
					t.Error(err)
				}
				links = append(links, a.Val)
			}
		}
	}
	if len(texts) < 4 || len(links) == 0 {
		t.Fatalf("%q and %q of\n%s", texts, links, document)
	}
	return texts, links
}

// squeeze leaves out all spaces, at which either part may break its lines.
func squeeze(text string) string { return strings.Join(strings.Fields(text), "") }

// lineWidth returns the columns of a line.
func lineWidth(line string) (n int) {
	for _, r := range line {
		n++
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			n++
		}
	}
	return n
}
