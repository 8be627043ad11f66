package mail

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode"
)

// ConsoleConfig specifies where Console prints. The zero value is complete.
type ConsoleConfig struct {
	// Writer is os.Stdout when nil.
	Writer io.Writer
	// From is for messages without one; DefaultFrom when empty. Django:
	// DEFAULT_FROM_EMAIL.
	From string
}

// Console prints messages instead of sending them, so that a developer can click
// the link in the terminal. It is for development only: who reads the output can
// use the links (Django: django.core.mail.backends.console.EmailBackend).
type Console struct {
	from string
	mu   sync.Mutex // guards w
	w    io.Writer
}

var _ Sender = (*Console)(nil)

// NewConsole returns a Console. The error is about From.
func NewConsole(c ConsoleConfig) (*Console, error) {
	from := cmp.Or(c.From, DefaultFrom)
	if err := CheckFrom(from); err != nil {
		return nil, fmt.Errorf("%w; set ConsoleConfig.From", err)
	}
	if c.Writer == nil {
		c.Writer = os.Stdout
	}
	return &Console{from: from, w: c.Writer}, nil
}

// Send prints the headers and the text as a reader sees them, and the length of
// the HTML. Control characters, which could command the terminal, become "�".
func (c *Console) Send(ctx context.Context, m Message) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("mail: console: %w", err)
	}
	m.From = cmp.Or(m.From, c.from)
	l, err := m.address()
	if err != nil {
		return err
	}
	var b strings.Builder
	rule := strings.Repeat("-", 79) + "\n"
	fmt.Fprintf(&b, "%sFrom: %s\nTo: %s\nSubject: %s\nDate: %s\nMessage-ID: %s\n\n%s",
		rule, l.From, l.To, l.Subject, l.date, l.id, visible(l.Text))
	if l.HTML != "" {
		fmt.Fprintf(&b, "\n(and the same in HTML, %d bytes)\n", len(l.HTML))
	}
	b.WriteString(rule)
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := io.WriteString(c.w, b.String()); err != nil {
		return fmt.Errorf("mail: console: %w", err)
	}
	return nil
}

// visible replaces the control characters that are no layout.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
