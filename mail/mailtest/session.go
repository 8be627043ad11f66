package mailtest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"
)

// Bounds, in bytes.
const (
	maxCommand = 12288 // RFC 4954, 4
	maxLine    = 1000  // RFC 5321, 4.5.3.1.6, with CRLF
	maxMessage = 8 << 20
)

// session is one connection.
type session struct {
	server *Server
	conn   net.Conn
	r      *bufio.Reader
	secure bool
	known  bool // has authenticated
	utf8   bool // SMTPUTF8 was asked for
	from   string
	to     []string
}

func newSession(s *Server, conn net.Conn) *session {
	c := &session{server: s}
	if s.config.TLS == ImplicitTLS {
		conn, c.secure = tls.Server(conn, s.tls), true
	}
	c.use(conn)
	return c
}

func (c *session) use(conn net.Conn) {
	c.conn, c.r = conn, bufio.NewReaderSize(conn, maxCommand)
}

var (
	errQuit  = errors.New("quit")
	errLines = errors.New("a line does not end in CRLF, or is too long")
)

// serve speaks until one side ends it. A client that breaks the connection off
// is not told of anything.
func (c *session) serve() {
	err := c.answer(Greeting, "220 mailtest ESMTP", nil)
	if _, given := c.server.config.Replies[Greeting]; given {
		return
	}
	for err == nil {
		var line string
		if line, err = c.line(maxCommand); err == nil {
			err = c.command(line)
		}
	}
	if errors.Is(err, errLines) {
		_ = c.reply("500 5.5.2 " + err.Error())
	}
}

// line reads a line, without its end.
func (c *session) line(longest int) (string, error) {
	line, err := c.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", errLines
	}
	if err != nil {
		return "", err
	}
	text, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok || len(line) > longest || bytes.ContainsRune(text, '\r') {
		return "", errLines
	}
	return string(text), nil
}

func (c *session) reply(text string) error {
	_, err := c.conn.Write([]byte(text + "\r\n"))
	return err
}

// answer replies to a command as configured, else obeys it and returns the reply.
func (c *session) answer(verb, reply string, obey func()) error {
	if c.server.config.Silent == verb {
		<-c.server.done
		return errQuit
	}
	if other, ok := c.server.config.Replies[verb]; ok {
		err := c.reply(other)
		if err == nil && strings.HasPrefix(other, "421") {
			return errQuit
		}
		return err
	}
	if obey != nil {
		obey()
	}
	return c.reply(reply)
}

// intercepted reports whether the response to a command is configured.
func (c *session) intercepted(verb string) bool {
	_, ok := c.server.config.Replies[verb]
	return ok || c.server.config.Silent == verb
}

func (c *session) command(line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	verb = strings.ToUpper(verb)
	if verb == "AUTH" {
		mechanism, _, _ := strings.Cut(rest, " ")
		c.server.note("AUTH " + mechanism)
	} else {
		c.server.note(line)
	}
	if c.intercepted(verb) {
		return c.answer(verb, "", nil)
	}
	switch verb {
	case "EHLO", "HELO":
		c.reset()
		return c.reply(c.hello(verb))
	case "STARTTLS":
		return c.startTLS()
	case "AUTH":
		return c.auth(rest)
	case "MAIL":
		return c.mail(rest)
	case "RCPT":
		return c.rcpt(rest)
	case "DATA":
		return c.data()
	case "RSET":
		c.reset()
		return c.reply("250 2.0.0 ok")
	case "NOOP":
		return c.reply("250 2.0.0 ok")
	case "QUIT":
		return errors.Join(c.reply("221 2.0.0 bye"), errQuit)
	}
	return c.reply("500 5.5.1 unknown command")
}

func (c *session) reset() { c.from, c.to, c.utf8 = "", nil, false }

// hello sends the extensions.
func (c *session) hello(verb string) string {
	if verb == "HELO" {
		return "250 mailtest"
	}
	config := c.server.config
	lines := []string{"mailtest", "8BITMIME", "ENHANCEDSTATUSCODES"}
	if !config.NoSMTPUTF8 {
		lines = append(lines, "SMTPUTF8")
	}
	closed := config.TLS == StartTLS && !c.secure
	if closed {
		lines = append(lines, "STARTTLS")
	}
	if config.Username != "" && !closed {
		lines = append(lines, "AUTH "+strings.Join(config.Mechanisms, " "))
	}
	last := len(lines) - 1
	return "250-" + strings.Join(lines[:last], "\r\n250-") + "\r\n250 " + lines[last]
}

func (c *session) startTLS() error {
	if c.server.config.TLS != StartTLS || c.secure {
		return c.reply("502 5.5.1 no STARTTLS here")
	}
	if err := c.reply("220 2.0.0 go on"); err != nil {
		return err
	}
	if c.r.Buffered() > 0 {
		return errors.New("something came in clear text after STARTTLS")
	}
	conn := tls.Server(c.conn, c.server.tls)
	if err := conn.Handshake(); err != nil {
		return err
	}
	c.reset()
	c.secure = true
	c.use(conn)
	return nil
}

// barred is the reply to who may not send; "" is none.
func (c *session) barred() string {
	switch config := c.server.config; {
	case config.TLS == StartTLS && !c.secure:
		return "530 5.7.0 STARTTLS comes first"
	case config.Username != "" && !c.known:
		return "530 5.7.0 authentication required"
	}
	return ""
}

func (c *session) mail(rest string) error {
	if why := c.barred(); why != "" {
		return c.reply(why)
	}
	from, parameters, ok := path(rest, "FROM:")
	if !ok || c.from != "" {
		return c.reply("501 5.5.4 write MAIL FROM:<address>, once")
	}
	c.from = from
	c.utf8 = slices.Contains(strings.Fields(strings.ToUpper(parameters)), "SMTPUTF8")
	return c.reply("250 2.1.0 ok")
}

func (c *session) rcpt(rest string) error {
	to, _, ok := path(rest, "TO:")
	switch {
	case c.from == "":
		return c.reply("503 5.5.1 MAIL comes first")
	case !ok || to == "":
		return c.reply("501 5.5.4 write RCPT TO:<address>")
	case !c.utf8 && strings.ContainsFunc(to, func(r rune) bool { return r > '~' }):
		return c.reply("553 5.6.7 that address needs SMTPUTF8")
	}
	c.to = append(c.to, to)
	return c.reply("250 2.1.5 ok")
}

// path splits "FROM:<a@b.example> PARAMETER=x".
func path(rest, prefix string) (address, parameters string, ok bool) {
	if len(rest) < len(prefix) || !strings.EqualFold(rest[:len(prefix)], prefix) {
		return "", "", false
	}
	address, ok = strings.CutPrefix(rest[len(prefix):], "<")
	if !ok {
		return "", "", false
	}
	return strings.Cut(address, ">")
}

func (c *session) data() error {
	if len(c.to) == 0 {
		return c.reply("503 5.5.1 RCPT comes first")
	}
	if err := c.reply("354 go on"); err != nil {
		return err
	}
	raw, err := c.body()
	if err != nil {
		return err
	}
	if c.intercepted(EndOfData) {
		c.reset()
		return c.answer(EndOfData, "", nil)
	}
	m, err := Parse(raw)
	if err != nil {
		c.reset()
		return c.reply("554 5.6.0 not a message that mailtest understands: " + oneLine(err))
	}
	m.From, m.To = c.from, c.to
	c.reset()
	c.server.keep(m)
	return c.reply("250 2.0.0 kept")
}

// body reads up to the dot.
func (c *session) body() ([]byte, error) {
	var b bytes.Buffer
	for b.Len() <= maxMessage {
		line, err := c.line(maxLine + 1) // a dot that is doubled is not counted
		if err != nil {
			return nil, err
		}
		if line == "." {
			return b.Bytes(), nil
		}
		b.WriteString(strings.TrimPrefix(line, ".") + "\r\n")
	}
	return nil, errors.New("the message is too long")
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
