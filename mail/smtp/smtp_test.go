package smtp_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/mail"
	"github.com/coatcheck/coatcheck/mail/mailtest"
	"github.com/coatcheck/coatcheck/mail/smtp"
)

const (
	password = "correct horse battery"
	link     = "https://shop.example/reset/MQ/c8k1xs-0123456789abcdef/"
)

func message() mail.Message {
	return mail.Message{
		To:      "alice@example.com",
		Subject: "Passwort zurücksetzen, 密码重置",
		Text:    "Grüße!\n.\n..\n" + link + "\n",
		HTML:    "<p>Grüße! <a href=\"" + link + "\">密码</a>\n",
	}
}

// config is how to reach the server, encrypted as it wants it.
func config(server *mailtest.Server, mode smtp.TLS) smtp.Config {
	c := smtp.Config{
		Host: server.Host(), Port: server.Port(), TLS: mode,
		From: "Der Löwe <shop@example.com>",
	}
	if mode != smtp.InsecurePlain {
		c.TLSConfig = &tls.Config{RootCAs: server.RootCAs()}
	}
	return c
}

func open(t *testing.T, c smtp.Config) *smtp.Sender {
	t.Helper()
	sender, err := smtp.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

// TestSend: the message arrives as it was, by each way of encryption.
func TestSend(t *testing.T) {
	for serves, mode := range map[mailtest.TLS]smtp.TLS{
		mailtest.NoTLS:       smtp.InsecurePlain,
		mailtest.StartTLS:    smtp.StartTLS,
		mailtest.ImplicitTLS: smtp.ImplicitTLS,
	} {
		t.Run(string(mode), func(t *testing.T) {
			server := mailtest.Start(t, mailtest.Config{TLS: serves})
			if err := open(t, config(server, mode)).Send(t.Context(), message()); err != nil {
				t.Fatal(err)
			}
			got := server.Wait(t, 1)[0]
			if got.From != "shop@example.com" || !slices.Equal(got.To, []string{"alice@example.com"}) {
				t.Errorf("from %q to %q", got.From, got.To)
			}
			if want := message(); got.Subject != want.Subject || got.Text != want.Text || got.HTML != want.HTML {
				t.Errorf("got %q, %q, %q", got.Subject, got.Text, got.HTML)
			}
			if got := got.Header.Get("Auto-Submitted"); got != "auto-generated" {
				t.Errorf("Auto-Submitted: %q", got)
			}
		})
	}
}

// TestLocalName: EHLO tells the domain of From or what is configured, and never
// the name of this machine.
func TestLocalName(t *testing.T) {
	server := mailtest.NewServer(t)
	c := config(server, smtp.InsecurePlain)
	for _, want := range []string{"example.com", "[192.0.2.1]"} {
		if err := open(t, c).Send(t.Context(), message()); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(server.Commands(), "EHLO "+want) {
			t.Errorf("no EHLO %s in %q", want, server.Commands())
		}
		c.LocalName = "[192.0.2.1]"
	}
}

// TestStartTLSIsRequired: where STARTTLS is stripped from the response, refused, or
// accepted by somebody else, no email and no password is sent (CVE-2026-7666).
func TestStartTLSIsRequired(t *testing.T) {
	login := mailtest.Config{Username: "shop", Password: password}
	stripped, refused, failed, stranger, wrongName := login, login, login, login, login
	refused.TLS, refused.Replies = mailtest.StartTLS, map[string]string{"STARTTLS": "454 4.7.0 not now"}
	failed.TLS, failed.Replies = mailtest.StartTLS, map[string]string{"STARTTLS": "220 2.0.0 but no TLS follows"}
	stranger.TLS, wrongName.TLS = mailtest.StartTLS, mailtest.StartTLS
	for name, test := range map[string]struct {
		server mailtest.Config
		change func(*smtp.Config)
		want   string
	}{
		"stripped": {stripped, nil, "offers no STARTTLS"},
		"refused":  {refused, nil, "STARTTLS: the server replied 454"},
		"failed":   {failed, nil, "STARTTLS: "},
		"stranger": {stranger, func(c *smtp.Config) { c.TLSConfig = nil }, "certificate"},
		"another name": {wrongName, func(c *smtp.Config) {
			c.TLSConfig.ServerName = "mail.example.com"
		}, "certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.Start(t, test.server)
			c := config(server, "")
			c.Username, c.Password, c.Timeout = "shop", password, 2*time.Second
			if test.change != nil {
				test.change(&c)
			}
			err := open(t, c).Send(t.Context(), message())
			if err == nil || !strings.Contains(err.Error(), test.want) || errors.Is(err, mail.ErrPermanent) {
				t.Errorf("got %v, want %q, to be retried", err, test.want)
			}
			for _, command := range server.Commands() {
				if verb, _, _ := strings.Cut(command, " "); slices.Contains(tooEarly, strings.ToUpper(verb)) {
					t.Errorf("the server got %q", command)
				}
			}
			if got := strings.Join(server.Commands(), "\n"); strings.Contains(got, "alice") || strings.Contains(got, "shop@") {
				t.Errorf("an address was sent: %q", got)
			}
		})
	}
}

// tooEarly are the commands that nobody may hear before the connection is
// encrypted.
var tooEarly = []string{"AUTH", "MAIL", "RCPT", "DATA"}

// TestReplies: 5xx is permanent and 4xx is not, at every step.
func TestReplies(t *testing.T) {
	for _, command := range []string{mailtest.Greeting, "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", mailtest.EndOfData} {
		for reply, permanent := range map[string]bool{
			"550 5.1.1 no\x1bsuch user": true, "554 5.7.1 spam": true, "451 4.3.0 later": false, "421 4.3.2 closing": false,
		} {
			server := mailtest.Start(t, mailtest.Config{
				TLS: mailtest.StartTLS, Username: "shop", Password: password, Replies: map[string]string{command: reply},
			})
			c := config(server, smtp.StartTLS)
			c.Username, c.Password = "shop", password
			err := open(t, c).Send(t.Context(), message())
			if err == nil || errors.Is(err, mail.ErrPermanent) != permanent || !strings.Contains(err.Error(), reply[:9]) {
				t.Errorf("%s answered %q: got %v", command, reply, err)
			}
			if err != nil && strings.ContainsRune(err.Error(), '\x1b') {
				t.Errorf("%s: the error %q holds a control character", command, err)
			}
			if len(server.Messages()) != 0 {
				t.Errorf("%s answered %q: a message was kept", command, reply)
			}
		}
	}
}

// TestTakenIsTaken: a server that takes the message and then misbehaves has
// taken it; an error would make it come twice.
func TestTakenIsTaken(t *testing.T) {
	for name, c := range map[string]mailtest.Config{
		"refuses QUIT": {Replies: map[string]string{"QUIT": "500 5.5.1 no", "RSET": "500 5.5.1 no"}},
		"hangs up":     {Replies: map[string]string{"QUIT": "421 4.3.2 closing"}},
		"falls silent": {Silent: "QUIT"},
	} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.Start(t, c)
			if err := open(t, config(server, smtp.InsecurePlain)).Send(t.Context(), message()); err != nil {
				t.Error(err)
			}
			if n := len(server.Wait(t, 1)); n != 1 {
				t.Errorf("%d messages", n)
			}
		})
	}
}

// TestTarpit: a server that falls silent, anywhere, holds nobody up longer than
// the timeout, or than the context.
func TestTarpit(t *testing.T) {
	for _, silent := range []string{mailtest.Greeting, "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", mailtest.EndOfData} {
		t.Run(silent, func(t *testing.T) {
			t.Parallel()
			server := mailtest.Start(t, mailtest.Config{
				TLS: mailtest.StartTLS, Username: "shop", Password: password, Silent: silent,
			})
			c := config(server, smtp.StartTLS)
			c.Username, c.Password, c.Timeout = "shop", password, 300*time.Millisecond
			want := context.DeadlineExceeded
			ctx, cancel := context.WithCancel(t.Context())
			if silent == "MAIL" { // here the caller loses patience first
				c.Timeout, want = time.Hour, context.Canceled
				time.AfterFunc(300*time.Millisecond, cancel)
			}
			defer cancel()
			began := time.Now()
			err := open(t, c).Send(ctx, message())
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			if !errors.Is(err, want) || errors.Is(err, mail.ErrPermanent) {
				t.Errorf("got %v, want %v", err, want)
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	sender := open(t, smtp.Config{Host: "127.0.0.1", Port: port, From: "shop@example.com"})
	if err := sender.Send(t.Context(), message()); err == nil || errors.Is(err, mail.ErrPermanent) {
		t.Errorf("got %v, want an error that passes", err)
	}
}

// TestBabble: a server that talks without end, or no SMTP, is left.
func TestBabble(t *testing.T) {
	for name, test := range map[string]struct{ reply, want string }{
		"without end": {strings.Repeat("250-"+strings.Repeat("a", 500)+"\r\n", 1000) + "250 a", "talks too much"},
		"no SMTP":     {"hello there", "does not speak SMTP"},
	} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.Start(t, mailtest.Config{Replies: map[string]string{"EHLO": test.reply, "HELO": test.reply}})
			err := open(t, config(server, smtp.InsecurePlain)).Send(t.Context(), message())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %.300v, want %q", err, test.want)
			}
		})
	}
}

// TestHeaderInjection: nothing is sent of a message with two lines in one.
func TestHeaderInjection(t *testing.T) {
	server := mailtest.NewServer(t)
	sender := open(t, config(server, smtp.InsecurePlain))
	for name, change := range map[string]func(*mail.Message){
		"to":      func(m *mail.Message) { m.To = "alice@example.com\r\nRCPT TO:<eve@example.com>" },
		"to, >":   func(m *mail.Message) { m.To = "alice@example.com> <eve@example.com" },
		"from":    func(m *mail.Message) { m.From = "shop@example.com\nBcc: eve@example.com" },
		"subject": func(m *mail.Message) { m.Subject = "hello\u2028Bcc: eve@example.com" },
	} {
		m := message()
		change(&m)
		if err := sender.Send(t.Context(), m); !errors.Is(err, mail.ErrPermanent) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if got := server.Commands(); len(got) != 0 {
		t.Errorf("the server got %q", got)
	}
}

// TestInternationalAddress: it needs SMTPUTF8; what is ASCII does not ask for it.
func TestInternationalAddress(t *testing.T) {
	m := message()
	m.To = "用户@例子.广告"
	server := mailtest.NewServer(t)
	if err := open(t, config(server, smtp.InsecurePlain)).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := server.Wait(t, 1)[0]; !slices.Equal(got.To, []string{m.To}) || got.Header.Get("To") != m.To {
		t.Errorf("to %q, %q", got.To, got.Header.Get("To"))
	}
	old := mailtest.Start(t, mailtest.Config{NoSMTPUTF8: true})
	sender := open(t, config(old, smtp.InsecurePlain))
	if err := sender.Send(t.Context(), m); !errors.Is(err, mail.ErrPermanent) {
		t.Errorf("a server without SMTPUTF8: %v", err)
	}
	if err := sender.Send(t.Context(), message()); err != nil {
		t.Errorf("an address of ASCII: %v", err)
	}
}

// TestNoSecretShows: whatever a server replies, and whatever is printed, shows
// neither the password nor the link.
func TestNoSecretShows(t *testing.T) {
	var shown []string
	for _, echo := range []string{password, base64.StdEncoding.EncodeToString([]byte("\x00shop\x00" + password)), link} {
		for _, command := range []string{"AUTH", mailtest.EndOfData} {
			for _, reply := range []string{"535 5.7.8 no: " + echo, "454 4.7.0 " + echo, echo, "334 " + echo} {
				server := mailtest.Start(t, mailtest.Config{
					TLS: mailtest.StartTLS, Username: "shop", Password: password, Mechanisms: []string{"PLAIN"},
					Replies: map[string]string{command: reply},
				})
				c := config(server, smtp.StartTLS)
				c.Username, c.Password = "shop", password
				err := open(t, c).Send(t.Context(), message())
				if err == nil {
					t.Errorf("%s answered %q, and there was no error", command, reply)
				}
				shown = append(shown, fmt.Sprintf("%v %+v %#v", err, err, err))
			}
		}
	}
	c := smtp.Config{Host: "smtp.example.com", Username: "shop", Password: password, From: "shop@example.com"}
	sender := open(t, c)
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("mail", "config", c, "sender", sender)
	document, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	shown = append(shown, logged.String(), string(document),
		fmt.Sprintf("%v %+v %#v %s %q %x", c, c, c, c, c, c), fmt.Sprintf("%v %+v %#v %s %q %x", sender, sender, sender, sender, sender, sender))
	for _, text := range shown {
		for _, secret := range []string{"horse", "reset/", base64.StdEncoding.EncodeToString([]byte("\x00shop\x00"))[:6], fmt.Sprintf("%x", "horse")} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is in %q", secret, text)
			}
		}
	}
}
