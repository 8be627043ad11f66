package mailtest_test

import (
	"crypto/tls"
	"net"
	"net/textproto"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/mail/mailtest"
)

// talk is a client that checks every reply.
type talk struct {
	*testing.T
	raw  net.Conn
	conn *textproto.Conn
}

func dial(t *testing.T, server *mailtest.Server) *talk {
	t.Helper()
	conn, err := net.Dial("tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &talk{t, conn, textproto.NewConn(conn)}
	c.want(220)
	return c
}

func (c *talk) want(code int) string {
	c.Helper()
	_, text, err := c.conn.ReadResponse(code)
	if err != nil {
		c.Fatalf("want %d: %v", code, err)
	}
	return text
}

// say sends the text and a CRLF.
func (c *talk) say(text string, code int) string {
	c.Helper()
	if _, err := c.raw.Write([]byte(text + "\r\n")); err != nil {
		c.Fatal(err)
	}
	return c.want(code)
}

func TestOrderOfCommands(t *testing.T) {
	server := mailtest.NewServer(t)
	c := dial(t, server)
	c.say("EHLO a", 250)
	c.say("RCPT TO:<a@b.example>", 503)
	c.say("MAIL FROM:a@b.example", 501)
	c.say("MAIL FROM:<a@b.example>", 250)
	c.say("DATA", 503)
	c.say("RCPT TO:<Grüße@b.example>", 553)
	c.say("RCPT TO:<c@b.example>", 250)
	c.say("RCPT TO:<d@b.example>", 250)
	c.say("DATA", 354)
	c.say("Subject: =?utf-8?q?=C3=A4?=\r\n\r\na\r\n..\r\nb\r\n.", 250)
	c.say("NOPE", 500)
	c.say("QUIT", 221)
	m := server.Wait(t, 1)[0]
	if m.From != "a@b.example" || strings.Join(m.To, " ") != "c@b.example d@b.example" ||
		m.Subject != "ä" || m.Text != "a\n.\nb\n" || !strings.HasSuffix(string(m.Raw), "a\r\n.\r\nb\r\n") {
		t.Errorf("got %+v", m)
	}
	if got := server.Commands()[0]; got != "EHLO a" {
		t.Errorf("the first command is %q", got)
	}
}

// TestLines: a client that ends lines otherwise than by CRLF is told.
func TestLines(t *testing.T) {
	for _, bad := range []string{"Subject: a\n\r\n.", "Subject: a\r\n\r\na\rb\r\n.", "Subject: " + strings.Repeat("a", 1000) + "\r\n\r\n."} {
		server := mailtest.NewServer(t)
		c := dial(t, server)
		c.say("EHLO a", 250)
		c.say("MAIL FROM:<a@b.example>", 250)
		c.say("RCPT TO:<c@b.example>", 250)
		c.say("DATA", 354)
		c.say(bad, 500)
		if n := len(server.Messages()); n != 0 {
			t.Errorf("%.20q: %d messages", bad, n)
		}
	}
}

// TestDoors: neither email nor passwords are taken before they should.
func TestDoors(t *testing.T) {
	server := mailtest.Start(t, mailtest.Config{TLS: mailtest.StartTLS, Username: "u", Password: "p"})
	c := dial(t, server)
	if offers := c.say("EHLO a", 250); strings.Contains(offers, "AUTH") || !strings.Contains(offers, "STARTTLS") {
		t.Errorf("in clear text it offers %q", offers)
	}
	c.say("AUTH PLAIN AHUAcA==", 538)
	c.say("MAIL FROM:<a@b.example>", 530)
	c.say("STARTTLS", 220)
	secured := tls.Client(c.raw, &tls.Config{RootCAs: server.RootCAs(), ServerName: "localhost"})
	c.raw, c.conn = secured, textproto.NewConn(secured)
	if offers := c.say("EHLO a", 250); !strings.Contains(offers, "AUTH") || strings.Contains(offers, "STARTTLS") {
		t.Errorf("encrypted it offers %q", offers)
	}
	c.say("MAIL FROM:<a@b.example>", 530)
	c.say("AUTH PLAIN AHUAeA==", 535)
	c.say("AUTH PLAIN", 334)
	c.say("AHUAcA==", 235)
	c.say("MAIL FROM:<a@b.example>", 250)
	if got := strings.Join(server.Commands(), "\n"); strings.Contains(got, "AHUA") {
		t.Errorf("the password is in %q", got)
	}
}

func TestParse(t *testing.T) {
	header := "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n"
	raw := header + "--i\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nR3LD\r\nvMOfZQ==\r\n" +
		"--i\r\nContent-Type: text/html\r\n\r\n<p>\r\n--i--\r\n--o--\r\n"
	m, err := mailtest.Parse([]byte(raw))
	if err != nil || m.Text != "Grüße" || m.HTML != "<p>" {
		t.Errorf("got %+v, %v", m, err)
	}
	for _, bad := range []string{"no header", header + "--i\r\n", "Content-Transfer-Encoding: base64\r\n\r\n!"} {
		if _, err := mailtest.Parse([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
