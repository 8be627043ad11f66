package accounts

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"io/fs"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/brand"
	"github.com/coatcheck/coatcheck/mail"
)

//go:embed mails
var mailFiles embed.FS

// designFile is the HTML that every email is put into.
const designFile = "mail.html"

// Mail is what the templates of emails get: a translator, whose methods T, N and C
// are to be called for every text, and what the email is about. What an email has no
// use for is empty.
type Mail struct {
	*i18n.Translator
	SiteName string
	BaseURL  string
	// Username is empty in emails to an address that is not confirmed yet, and where an
	// email program would turn the name into a link, which is not the recipient's own
	// address. Greeting does without it.
	Username string
	URL      string // where the button of the email leads
	LoginURL string
	// Email is the address that the email is about, OldEmail the one before.
	Email    string
	OldEmail string
	// Browser, System, IP and At say by what, from where and when something was done.
	Browser string
	System  string
	IP      string
	At      time.Time
	// Expires is how long the link holds.
	Expires time.Duration
	// Left is how many recovery codes the user has left.
	Left int
	// Passkey is what the user calls the passkey that the email is about.
	Passkey string
	// Provider is the OpenID provider that the email is about.
	Provider string
}

// Greeting is the first line, with the username if there is one.
func (m *Mail) Greeting() string {
	if m.Username == "" {
		return m.T("Hello,")
	}
	return m.T("Hello %(username)s,", "username", m.Username)
}

// When is At in words.
func (m *Mail) When() string { return m.Time(m.At.UTC()) + " UTC" }

// Device is by what something was done, in words.
func (m *Mail) Device() string {
	switch {
	case m.Browser != "" && m.System != "":
		return m.T("%(browser)s on %(system)s", "browser", m.Browser, "system", m.System)
	case m.Browser+m.System != "":
		return m.Browser + m.System
	}
	return m.T("an unknown device")
}

// Address is from where something was done, in words.
func (m *Mail) Address() string {
	if m.IP == "" {
		return m.T("unknown")
	}
	return m.IP
}

// Holds is how long the link is valid, in words.
func (m *Mail) Holds() string {
	if days := int(m.Expires / (24 * time.Hour)); days > 0 {
		return m.N("%(count)d day", "%(count)d days", days, "count", days)
	}
	hours := max(1, int(m.Expires/time.Hour))
	return m.N("%(count)d hour", "%(count)d hours", hours, "count", hours)
}

// Block is a part of a mail: a paragraph, or a button with its address.
type Block struct {
	Text string
	URL  string // of a button
	Fine bool   // a paragraph in small print
}

// Letter is what the template mail.html gets.
type Letter struct {
	Subject  string
	SiteName string
	BaseURL  string
	Language string
	Dir      string
	Blocks   []Block
	// Light and Dark are the colours of both schemes.
	Light, Dark brand.Shades
	// Logo is the address of a picture, and LogoWidth and LogoHeight its size in pixels. It is
	// empty where the site has none that email programs show, or is not at https://.
	Logo                  string
	LogoWidth, LogoHeight int
	// Wordmark means that the name of the site is in the logo.
	Wordmark bool
	// Support is where users get help, a URL with https or mailto, and Help the text of the
	// link to it; both are empty for nowhere.
	Support, Help string

	supportText string // Support in plain text
}

// mailTemplates are the emails by name, "password_reset" for instance.
type mailTemplates struct {
	design *htmltemplate.Template
	brand  *brand.Brand
	mails  map[string]*mailTemplate
}

// mailTemplate is one email; its file is as [MailTemplates] says. Each part is a
// template of its own, so that no value can begin another part.
type mailTemplate struct {
	subject *template.Template
	parts   []part
}

type part struct {
	text   *template.Template
	button bool
	fine   bool
}

// MailTemplates are the names of the files that Config.Templates may replace: one for each
// email, which gets a [Mail], and mail.html, the HTML around all of them, which gets a
// [Letter].
//
// The file of an email has the subject in its first line and then paragraphs, space
// lines between. A paragraph that begins with "=> " is the button that leads to
// Mail.URL, and one that begins with "-- " is in small print.
func MailTemplates() []string {
	entries, err := mailFiles.ReadDir("mails")
	if err != nil {
		panic(err) // they are embedded
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// readMails reads our files and those that replace them.
func readMails(replacing fs.FS, b *brand.Brand) (*mailTemplates, error) {
	t := &mailTemplates{brand: b, mails: map[string]*mailTemplate{}}
	own, err := fs.Sub(mailFiles, "mails")
	if err != nil {
		return nil, fmt.Errorf("accounts: %w", err)
	}
	known := MailTemplates()
	if replacing != nil {
		entries, err := fs.ReadDir(replacing, ".")
		if err != nil {
			return nil, fmt.Errorf("accounts: Config.Templates: %w", err)
		}
		for _, e := range entries {
			if !slices.Contains(known, e.Name()) && !strings.HasPrefix(e.Name(), ".") {
				return nil, fmt.Errorf("accounts: Config.Templates has %q, which replaces nothing; the names are %s", e.Name(), strings.Join(known, ", "))
			}
		}
	}
	for _, name := range known {
		if err := t.read(name, own, replacing); err != nil {
			return nil, fmt.Errorf("accounts: email template %s: %w", name, err)
		}
	}
	return t, nil
}

// read parses our file, and then the one that replaces it, if there is one. An email
// whose point is a link keeps one.
func (t *mailTemplates) read(name string, own, replacing fs.FS) error {
	text, err := fs.ReadFile(own, name)
	if err != nil {
		return err
	}
	if err := t.add(name, string(text)); err != nil || replacing == nil {
		return err
	}
	leads := t.leads(name)
	text, err = fs.ReadFile(replacing, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = t.add(name, string(text))
	}
	if err == nil && leads && !t.leads(name) {
		err = errors.New(`it has no link; begin the paragraph that is to be its button with "=> "`)
	}
	return err
}

// leads reports whether an email has a link for its URL.
func (t *mailTemplates) leads(name string) bool {
	m, ok := t.mails[strings.TrimSuffix(name, ".txt")]
	if !ok {
		return false
	}
	const url = "https://example.com/a-link"
	letter, err := m.letter(&Mail{URL: url})
	return err == nil && strings.Contains(letter.text(), url)
}

// add parses a file, and tries it out.
func (t *mailTemplates) add(name, text string) (err error) {
	if name == designFile {
		if t.design, err = htmltemplate.New(name).Parse(text); err != nil {
			return err
		}
		return t.design.Execute(io.Discard, Letter{Blocks: []Block{{Text: "x"}, {Text: "x", URL: "https://example.com/"}, {Text: "x", Fine: true}}})
	}
	m, err := parseMail(name, strings.ReplaceAll(text, "\r\n", "\n"))
	if err != nil {
		return err
	}
	t.mails[strings.TrimSuffix(name, ".txt")] = m
	_, err = m.letter(&Mail{At: time.Unix(0, 0), URL: "https://example.com/"})
	return err
}

func parseMail(name, text string) (*mailTemplate, error) {
	whole := strings.TrimSpace(text)
	line := 1 + strings.Count(text[:strings.Index(text, whole)], "\n")
	subject, rest, _ := strings.Cut(whole, "\n")
	m := &mailTemplate{}
	var err error
	if m.subject, err = parseAt(name, line, subject); err != nil {
		return nil, err
	}
	line++
	for paragraph := range strings.SplitSeq(rest, "\n\n") {
		blank := paragraph[:strings.Index(paragraph, strings.TrimSpace(paragraph))]
		begins := line + strings.Count(blank, "\n")
		line += strings.Count(paragraph, "\n") + 2
		paragraph = strings.TrimSpace(paragraph)
		var p part
		paragraph, p.button = strings.CutPrefix(paragraph, "=> ")
		paragraph, p.fine = strings.CutPrefix(paragraph, "-- ")
		if paragraph == "" {
			continue
		}
		if p.text, err = parseAt(name, begins, strings.ReplaceAll(paragraph, "\n", " ")); err != nil {
			return nil, err
		}
		m.parts = append(m.parts, p)
	}
	return m, nil
}

// parseAt parses a part of a file that begins at a line, which errors then name.
func parseAt(name string, line int, text string) (*template.Template, error) {
	return template.New(name).Parse("{{/*" + strings.Repeat("\n", line-1) + "*/}}" + text)
}

// letter executes the parts. A part that comes out empty is left out.
func (m *mailTemplate) letter(about *Mail) (*Letter, error) {
	execute := func(t *template.Template) (string, error) {
		var b strings.Builder
		err := t.Execute(&b, about)
		return strings.Join(words(b.String()), " "), err
	}
	subject, err := execute(m.subject)
	if err != nil {
		return nil, err
	}
	letter := &Letter{
		Subject: subject, SiteName: about.SiteName, BaseURL: about.BaseURL, Language: about.Language(), Dir: about.Dir(),
	}
	for _, p := range m.parts {
		block := Block{Fine: p.fine}
		if block.Text, err = execute(p.text); err != nil {
			return nil, err
		}
		if p.button {
			block.URL = about.URL
		}
		if block.Text != "" {
			letter.Blocks = append(letter.Blocks, block)
		}
	}
	return letter, nil
}

// compose renders an email from its template, in plain text and in HTML.
func (t *mailTemplates) compose(name, to string, about *Mail) (mail.Message, error) {
	m, ok := t.mails[name]
	if !ok {
		return mail.Message{}, fmt.Errorf("accounts: there is no email %q", name)
	}
	letter, err := m.letter(about)
	if err != nil {
		return mail.Message{}, fmt.Errorf("accounts: email %s: %w", name, err)
	}
	letter.show(t.brand, about)
	var html bytes.Buffer
	if err := t.design.Execute(&html, letter); err != nil {
		return mail.Message{}, fmt.Errorf("accounts: email %s: %w", name, err)
	}
	return mail.Message{To: to, Subject: letter.Subject, Text: letter.text(), HTML: html.String()}, nil
}

// show sets how the site shows that it is itself.
func (l *Letter) show(b *brand.Brand, about *Mail) {
	l.Light, l.Dark = b.Light, b.Dark
	if b.Logo.InEmails() && strings.HasPrefix(l.BaseURL, "https://") {
		l.Logo, l.Wordmark = l.BaseURL+brand.Folder+b.Logo.Name, b.Logo.Wordmark
		l.LogoWidth, l.LogoHeight = b.Logo.Width, b.Logo.Height
	}
	if b.Support != "" {
		l.Support, l.supportText, l.Help = b.Support, b.SupportText(), about.T("Get help")
	}
}

// text is the email in plain text.
func (l *Letter) text() string {
	var b strings.Builder
	for _, block := range l.Blocks {
		if block.URL != "" {
			b.WriteString(block.Text + ":\n" + block.URL + "\n\n")
			continue
		}
		b.WriteString(wrap(block.Text) + "\n\n")
	}
	b.WriteString("-- \n" + l.SiteName + "\n" + l.BaseURL + "/\n")
	if l.Support != "" {
		b.WriteString(l.Help + ": " + l.supportText + "\n")
	}
	return b.String()
}
