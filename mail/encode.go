package mail

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/textproto"
	"strings"
	"time"
	"unicode/utf8"
)

// letter is a message with what is settled when it is sent.
type letter struct {
	Message
	from *netmail.Address
	date string
	id   string
}

// address checks the message and gives it a date and an ID. The ID ends in the
// domain of From: the name of this machine is nobody's business.
func (m Message) address() (*letter, error) {
	from, _, err := m.Envelope()
	if err != nil {
		return nil, err
	}
	parsed, err := parseFrom(m.From)
	if err != nil {
		return nil, refuse("from", err)
	}
	_, domain, _ := strings.Cut(from, "@")
	m.Text, m.HTML = lines(m.Text), lines(m.HTML)
	return &letter{
		Message: m,
		from:    parsed,
		date:    time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700"),
		id:      "<" + rand.Text() + "@" + domain + ">",
	}, nil
}

// Encode checks the message and writes it out as it goes over the wire (RFC
// 5322 and MIME, lines ending in CRLF): with HTML a multipart/alternative, else
// text/plain, in UTF-8. From is required. Date and Message-ID are new at every
// call. The lines are at most 998 bytes, and all ASCII unless To is not.
func (m Message) Encode() ([]byte, error) {
	l, err := m.address()
	if err != nil {
		return nil, err
	}
	return l.encode()
}

func (l *letter) encode() ([]byte, error) {
	var b bytes.Buffer
	for _, header := range [][2]string{
		{"From", formatFrom(l.from)},
		{"To", l.To},
		{"Subject", formatText(l.Subject, len("Subject: "))},
		{"Date", l.date},
		{"Message-ID", l.id},
		{"Auto-Submitted", "auto-generated"},
		{"MIME-Version", "1.0"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", header[0], header[1])
	}
	var err error
	if l.HTML == "" {
		fmt.Fprintf(&b, "Content-Type: %s\r\nContent-Transfer-Encoding: %s\r\n\r\n", textPlain, quoted)
		err = quote(&b, l.Text)
	} else {
		err = l.alternatives(&b)
	}
	if err != nil {
		return nil, fmt.Errorf("mail: encode: %w", err)
	}
	return b.Bytes(), nil
}

const (
	textPlain = "text/plain; charset=utf-8"
	textHTML  = "text/html; charset=utf-8"
	quoted    = "quoted-printable"
)

// alternatives writes the text and then the HTML, as the better one comes last.
func (l *letter) alternatives(b *bytes.Buffer) error {
	parts := multipart.NewWriter(b)
	fmt.Fprintf(b, "Content-Type: multipart/alternative;\r\n boundary=%q\r\n\r\n", parts.Boundary())
	for _, part := range []struct{ kind, body string }{{textPlain, l.Text}, {textHTML, l.HTML}} {
		w, err := parts.CreatePart(textproto.MIMEHeader{
			"Content-Type":              {part.kind},
			"Content-Transfer-Encoding": {quoted},
		})
		if err != nil {
			return err
		}
		if err := quote(w, part.body); err != nil {
			return err
		}
	}
	return parts.Close()
}

func quote(w io.Writer, body string) error {
	q := quotedprintable.NewWriter(w)
	if _, err := io.WriteString(q, body); err != nil {
		return err
	}
	return q.Close()
}

// lines returns text whose lines all end in "\n".
func lines(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}

// formatFrom writes a From.
func formatFrom(from *netmail.Address) string {
	switch {
	case from.Name == "":
		return from.Address
	case plain(from.Name) && len("From: ")+len(from.String()) <= maxLine:
		return from.String() // in quotes
	}
	return encodeWords(from.Name, len("From: ")) + "\r\n <" + from.Address + ">"
}

// formatText writes the text of a header that has used up so many bytes of its
// first line.
func formatText(text string, used int) string {
	if plain(text) && used+len(text) <= maxLine && strings.TrimSpace(text) == text {
		return text
	}
	return encodeWords(text, used)
}

// plain reports whether text can stand in a header as it is: no reader takes it
// for something encoded.
func plain(text string) bool {
	return !strings.Contains(text, "=?") && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}

// maxLine is how long a line with encoded words may be (RFC 2047).
const maxLine = 76

// encodeWords writes text as encoded words, one a line (RFC 2047). No word ends
// within a character.
func encodeWords(text string, used int) string {
	const start, end = "=?utf-8?b?", "?="
	var b strings.Builder
	for text != "" {
		room := (maxLine - used - len(start) - len(end)) / 4 * 3
		n := 0
		for n < len(text) {
			_, size := utf8.DecodeRuneInString(text[n:])
			if n+size > room {
				break
			}
			n += size
		}
		if b.Len() > 0 {
			b.WriteString("\r\n ")
		}
		b.WriteString(start + base64.StdEncoding.EncodeToString([]byte(text[:n])) + end)
		text, used = text[n:], len(" ")
	}
	return b.String()
}
