package mailtest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
)

// Received is a message that has come.
type Received struct {
	// From and To are the bare addresses of the commands MAIL and RCPT.
	From string
	To   []string
	// Header is as it came, encoded.
	Header netmail.Header
	// Subject is decoded.
	Subject string
	// Text and HTML are decoded, with lines that end in "\n"; "" where the message
	// has none.
	Text, HTML string
	// Raw is the message as it came, with lines that end in CRLF.
	Raw []byte
}

// Parse reads a message, such as a file that mail.Dir wrote. From and To are
// empty, as they are not in it. It knows text and HTML, alone or in multiparts.
func Parse(raw []byte) (Received, error) {
	message, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Received{}, fmt.Errorf("mailtest: header: %w", err)
	}
	m := Received{Header: message.Header, Raw: raw}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")); err != nil {
		return Received{}, fmt.Errorf("mailtest: subject: %w", err)
	}
	if err := m.part(message.Header.Get, message.Body, 0); err != nil {
		return Received{}, fmt.Errorf("mailtest: %w", err)
	}
	return m, nil
}

// part reads a body, and the parts of it.
func (m *Received) part(header func(string) string, body io.Reader, depth int) error {
	kind, parameters := "text/plain", map[string]string(nil)
	if given := header("Content-Type"); given != "" {
		var err error
		if kind, parameters, err = mime.ParseMediaType(given); err != nil {
			return fmt.Errorf("content type: %w", err)
		}
	}
	if strings.HasPrefix(kind, "multipart/") && depth < 5 {
		return m.parts(multipart.NewReader(body, parameters["boundary"]), depth+1)
	}
	text, err := decoded(header("Content-Transfer-Encoding"), body)
	if err != nil {
		return fmt.Errorf("body: %w", err)
	}
	switch {
	case kind == "text/plain" && m.Text == "":
		m.Text = text
	case kind == "text/html" && m.HTML == "":
		m.HTML = text
	}
	return nil
}

func (m *Received) parts(r *multipart.Reader, depth int) error {
	for {
		part, err := r.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("parts: %w", err)
		}
		if err := m.part(part.Header.Get, part, depth); err != nil {
			return err
		}
	}
}

func decoded(encoding string, body io.Reader) (string, error) {
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	content, err := io.ReadAll(body)
	return strings.ReplaceAll(string(content), "\r\n", "\n"), err
}
