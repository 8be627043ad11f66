package mail

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	netmail "net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a message, in bytes.
const (
	// MaxAddress is the longest address, as in RFC 5321 and in Django's tables.
	MaxAddress = 254
	// MaxSubject is the longest subject.
	MaxSubject = 998
	// MaxBody is the longest text, and the longest HTML.
	MaxBody = 1 << 20

	maxName  = 255 // the name in From
	maxLocal = 64  // what is before the @
)

// Message is an email to one user (Django: EmailMultiAlternatives). It goes out
// with "Auto-Submitted: auto-generated" (RFC 3834), so that nobody's holiday
// notice replies to it.
//
// A Message does not print itself: fmt and slog get its type only, and
// encoding/json gets neither Text nor HTML.
type Message struct {
	// To is one address without a name: "alice@example.com". Letters of all
	// scripts are taken; to send such an address the mail server must know
	// SMTPUTF8. Quoted local parts and addresses in brackets are refused.
	To string
	// From is who sends it: "shop@example.com", or "The shop
	// <shop@example.com>". When empty it is the sender's own. The address is
	// ASCII; a domain of other letters is given in its form "xn--…".
	From string
	// Subject is one line, required. Django: the template
	// registration/password_reset_subject.txt, without its newlines.
	Subject string
	// Text is the message in plain text, required. A last newline is added where
	// it lacks.
	Text string `json:"-"`
	// HTML is the same message in HTML; "" is none.
	HTML string `json:"-"`
}

// String hides the message.
func (m Message) String() string { return "mail.Message{…}" }

// GoString hides the message.
func (m Message) GoString() string { return m.String() }

// Format hides the message, whatever the verb.
func (m Message) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, m.String()) }

// LogValue hides the message.
func (m Message) LogValue() slog.Value { return slog.StringValue(m.String()) }

// Check reports whether the message can be sent, apart from an empty From, which
// passes. Nothing that gets into a header may hold a line break, another control
// character or one of the separators U+2028 and U+2029 (CVE-2015-5144,
// CVE-2021-32052, CVE-2026-53878). The error is an ErrPermanent and quotes
// nothing of the message.
func (m Message) Check() error {
	if m.From != "" {
		if err := CheckFrom(m.From); err != nil {
			return err
		}
	}
	if err := CheckAddress(m.To); err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		err  error
	}{
		{"subject", checkSubject(m.Subject)},
		{"text", checkBody(m.Text)},
		{"html", checkBody(m.HTML)},
	} {
		if part.err != nil {
			return refuse(part.name, part.err)
		}
	}
	if m.Text == "" {
		return refuse("text", errEmpty)
	}
	return nil
}

// CheckFrom reports whether the value is good for Message.From. The error is an
// ErrPermanent and does not quote it.
func CheckFrom(from string) error {
	if _, err := parseFrom(from); err != nil {
		return refuse("from", err)
	}
	return nil
}

// CheckAddress reports by its error whether the address is good for Message.To, so
// that a form can refuse an address to which no email could be sent. The rules are
// narrower than Django's EmailValidator: no quoted local parts, no addresses in
// brackets, at most 254 bytes. The error is an ErrPermanent and does not quote it.
func CheckAddress(address string) error {
	if err := checkAddress(address); err != nil {
		return refuse("to", err)
	}
	return nil
}

// Envelope returns the bare addresses of the sender and of the recipient, as in
// the commands MAIL and RCPT of SMTP. The error is that of Check, or that From
// is empty.
func (m Message) Envelope() (from, to string, err error) {
	if err := m.Check(); err != nil {
		return "", "", err
	}
	parsed, err := parseFrom(m.From)
	if err != nil {
		return "", "", refuse("from", err)
	}
	return parsed.Address, m.To, nil
}

// refuse reports which part of a message is wrong.
func refuse(part string, why error) error {
	return fmt.Errorf("mail: %s: %w (%w)", part, why, ErrPermanent)
}

var (
	errEmpty   = errors.New("it is empty")
	errLong    = errors.New("it is too long")
	errUTF8    = errors.New("it is not UTF-8")
	errControl = errors.New("it holds a line break or another control character")
	errNUL     = errors.New("it holds a NUL")
	errAddress = errors.New("it is not one address, such as alice@example.com")
	errASCII   = errors.New("its address is not ASCII; give the domain in its form xn--…")
)

// checkLine refuses what may not be in a header.
func checkLine(line string, longest int) error {
	switch {
	case len(line) > longest:
		return errLong
	case !utf8.ValidString(line):
		return errUTF8
	case strings.ContainsFunc(line, breaks):
		return errControl
	}
	return nil
}

// breaks reports the characters by which one line may become two, somewhere.
func breaks(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
}

func checkSubject(subject string) error {
	if subject == "" {
		return errEmpty
	}
	return checkLine(subject, MaxSubject)
}

func checkBody(body string) error {
	switch {
	case len(body) > MaxBody:
		return errLong
	case !utf8.ValidString(body):
		return errUTF8
	case strings.Contains(body, "\x00"):
		return errNUL
	}
	return nil
}

// parseFrom splits a From into name and address.
func parseFrom(from string) (*netmail.Address, error) {
	if from == "" {
		return nil, errEmpty
	}
	if err := checkLine(from, MaxAddress+4*maxName); err != nil {
		return nil, err
	}
	parsed, err := netmail.ParseAddress(from)
	if err != nil {
		return nil, errAddress
	}
	if err := checkLine(parsed.Name, maxName); err != nil { // an encoded name may hold what From does not
		return nil, err
	}
	if strings.ContainsFunc(parsed.Address, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return nil, errASCII
	}
	return parsed, checkAddress(parsed.Address)
}

// checkAddress accepts one bare address. What has a meaning in a command or a
// header, quotes, brackets, commas and spaces, is in none (CVE-2025-59937).
func checkAddress(address string) error {
	if err := checkLine(address, MaxAddress); err != nil {
		return err
	}
	local, domain, _ := strings.Cut(address, "@")
	if local == "" || len(local) > maxLocal || !dotted(local, inLocal) || !dotted(domain, inDomain) {
		return errAddress
	}
	for label := range strings.SplitSeq(domain, ".") {
		if strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return errAddress
		}
	}
	if parsed, err := netmail.ParseAddress(address); err != nil || parsed.Address != address || parsed.Name != "" {
		return errAddress
	}
	return nil
}

// dotted reports whether text is words with dots between them.
func dotted(text string, allowed func(rune) bool) bool {
	for word := range strings.SplitSeq(text, ".") {
		if word == "" || strings.ContainsFunc(word, func(r rune) bool { return !allowed(r) }) {
			return false
		}
	}
	return true
}

func inDomain(r rune) bool {
	return r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || foreign(r)
}

func inLocal(r rune) bool { return inDomain(r) || strings.ContainsRune("!#$%&'*+/=?^_`{|}~", r) }

// foreign reports the characters of other scripts that can be seen.
func foreign(r rune) bool {
	return r >= utf8.RuneSelf && r != utf8.RuneError && unicode.IsGraphic(r) && !unicode.IsSpace(r)
}
