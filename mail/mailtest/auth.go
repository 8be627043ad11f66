package mailtest

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

// auth is the command AUTH (RFC 4954).
func (c *session) auth(rest string) error {
	mechanism, initial, given := strings.Cut(rest, " ")
	mechanism = strings.ToUpper(mechanism)
	config := c.server.config
	switch {
	case config.Username == "" || c.known:
		return c.reply("503 5.5.1 no AUTH here")
	case config.TLS == StartTLS && !c.secure:
		return c.reply("538 5.7.11 STARTTLS comes first")
	case !slices.Contains(config.Mechanisms, mechanism):
		return c.reply("504 5.5.4 not that mechanism")
	}
	var ok bool
	var err error
	switch mechanism {
	case "PLAIN":
		ok, err = c.plain(initial, given)
	case "LOGIN":
		ok, err = c.login()
	case "CRAM-MD5":
		ok, err = c.cram()
	}
	if err != nil {
		return err
	}
	if !ok {
		return c.reply("535 5.7.8 wrong user name or password")
	}
	c.known = true
	return c.reply("235 2.7.0 welcome")
}

// ask sends a challenge and reads what comes back.
func (c *session) ask(challenge string) (string, error) {
	if err := c.reply("334 " + base64.StdEncoding.EncodeToString([]byte(challenge))); err != nil {
		return "", err
	}
	line, err := c.line(maxCommand)
	if err != nil {
		return "", err
	}
	return decode(line), nil
}

// decode returns "" for what is not base64.
func decode(text string) string {
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return ""
	}
	return string(decoded)
}

func (c *session) plain(initial string, given bool) (bool, error) {
	answer := decode(initial)
	if !given {
		var err error
		if answer, err = c.ask(""); err != nil {
			return false, err
		}
	}
	return same(answer, "\x00"+c.server.config.Username+"\x00"+c.server.config.Password), nil
}

func (c *session) login() (bool, error) {
	username, err := c.ask("Username:")
	if err != nil {
		return false, err
	}
	password, err := c.ask("Password:")
	if err != nil {
		return false, err
	}
	return same(username, c.server.config.Username) && same(password, c.server.config.Password), nil
}

func (c *session) cram() (bool, error) {
	challenge := "<" + rand.Text() + "@mailtest>"
	answer, err := c.ask(challenge)
	if err != nil {
		return false, err
	}
	mac := hmac.New(md5.New, []byte(c.server.config.Password))
	mac.Write([]byte(challenge))
	return same(answer, c.server.config.Username+" "+hex.EncodeToString(mac.Sum(nil))), nil
}

func same(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }
