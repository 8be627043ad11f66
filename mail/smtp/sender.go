package smtp

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	gosmtp "github.com/wneessen/go-mail/smtp"

	"github.com/coatcheck/coatcheck/mail"
)

// Sender is a mail.Sender that gives messages to a mail server. It is safe for
// concurrent use.
type Sender struct {
	config Config
}

var _ mail.Sender = (*Sender)(nil)

// New returns a Sender and connects to nothing. The error is about the
// configuration.
func New(c Config) (*Sender, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	return &Sender{config: c}, nil
}

// String hides the password.
func (s *Sender) String() string { return fmt.Sprintf("smtp.Sender{Host: %q, …}", s.config.Host) }

// GoString hides the password.
func (s *Sender) GoString() string { return s.String() }

// Format hides the password, whatever the verb.
func (s *Sender) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue hides the password.
func (s *Sender) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Send returns the message to the server. A reply of 500 to 599 is a
// mail.ErrPermanent, unless it is about the username and the password (530 to 538,
// RFC 4954), which the operator can mend; that, one of 400 to 499, and everything
// that goes wrong with the connection, passes. Errors hold the server's words except
// after AUTH and after the message, where they might quote what is secret; of
// those they hold the code. Once the message is taken, nothing is an error.
func (s *Sender) Send(ctx context.Context, m mail.Message) error {
	m.From = cmp.Or(m.From, s.config.From)
	raw, err := m.Encode()
	if err != nil {
		return fmt.Errorf("smtp: %w", err)
	}
	from, to, err := m.Envelope()
	if err != nil {
		return fmt.Errorf("smtp: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	if err := s.deliver(ctx, from, to, raw); err != nil {
		return fmt.Errorf("smtp: %w", err)
	}
	return nil
}

// farewell is how long the server may take to say good-bye.
const farewell = time.Second

func (s *Sender) deliver(ctx context.Context, from, to string, raw []byte) error {
	conn, err := s.dial(ctx)
	if err != nil {
		return fault(ctx, "connect", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	client, err := s.introduce(ctx, conn)
	if err != nil {
		return err
	}
	if s.config.Username != "" {
		if err := s.authenticate(ctx, client, conn.RemoteAddr()); err != nil {
			return err
		}
	}
	if err := transfer(ctx, client, from, to, raw); err != nil {
		return err
	}
	stop()
	_ = conn.SetDeadline(time.Now().Add(farewell))
	_ = client.Quit() // the message is theirs now, whatever comes
	return nil
}

// dial connects, encrypted where it is so from the first byte.
func (s *Sender) dial(ctx context.Context) (net.Conn, error) {
	address := net.JoinHostPort(s.config.Host, strconv.Itoa(s.config.Port))
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	conn = &bounded{Conn: conn, left: maxReplies}
	if s.config.TLS != ImplicitTLS {
		return conn, nil
	}
	secured := tls.Client(conn, s.config.TLSConfig)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secured, nil
}

// introduce reads the greeting, says EHLO, and encrypts.
func (s *Sender) introduce(ctx context.Context, conn net.Conn) (*gosmtp.Client, error) {
	client, err := gosmtp.NewClient(conn, s.config.Host)
	if err != nil {
		return nil, fault(ctx, "greeting", err)
	}
	if err := client.Hello(s.config.LocalName); err != nil {
		return nil, fault(ctx, "EHLO", err)
	}
	if s.config.TLS != StartTLS {
		return client, nil
	}
	if offered, _ := client.Extension("STARTTLS"); !offered {
		return nil, errNoSTARTTLS
	}
	if err := client.StartTLS(s.config.TLSConfig); err != nil {
		return nil, fault(ctx, "STARTTLS", err)
	}
	return client, nil
}

// transfer hands the message over. It does without the library's client for
// whole messages: that one reports a message which was taken as failed when the
// RSET or QUIT behind it fails.
func transfer(ctx context.Context, client *gosmtp.Client, from, to string, raw []byte) error {
	international := strings.ContainsFunc(to, func(r rune) bool { return r > '~' })
	if known, _ := client.Extension("SMTPUTF8"); international && !known {
		return fmt.Errorf("the server does not take addresses that are not ASCII (%w)", mail.ErrPermanent)
	}
	client.SkipSMTPUTF8(!international)
	if err := client.Mail("<" + from + ">"); err != nil { // the library adds no brackets
		return fault(ctx, "MAIL", err)
	}
	if err := client.Rcpt("<" + to + ">"); err != nil {
		return fault(ctx, "RCPT", err)
	}
	w, err := client.Data()
	if err != nil {
		return fault(ctx, "DATA", err)
	}
	if _, err := w.Write(raw); err != nil {
		return mute(ctx, "message", err)
	}
	if err := w.Close(); err != nil {
		return mute(ctx, "message", err)
	}
	return nil
}

// maxReplies is the most that a server may say in one connection, in bytes,
// certificates included.
const maxReplies = 256 << 10

// bounded is a connection that ends when the peer says too much.
type bounded struct {
	net.Conn
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTalks
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
