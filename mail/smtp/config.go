package smtp

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/mail"
)

// TLS specifies how a connection is encrypted.
type TLS string

const (
	// StartTLS begins in clear text and encrypts before anything is told; where
	// that fails, nothing is sent. It is the default. Django: EMAIL_USE_TLS.
	StartTLS TLS = "starttls"
	// ImplicitTLS is encrypted from the first byte. Django: EMAIL_USE_SSL.
	ImplicitTLS TLS = "tls"
	// InsecurePlain encrypts nothing: anyone who is on the way reads the links and can
	// use them. It is meant for a mail server on this machine. Django: neither
	// EMAIL_USE_TLS nor EMAIL_USE_SSL.
	InsecurePlain TLS = "insecure-plain"
)

// DefaultTimeout is how long a message may take.
const DefaultTimeout = 10 * time.Second

// Config is how to reach the mail server. Host and From are required.
type Config struct {
	// Host is the name of the server, or its IP address. Django: EMAIL_HOST.
	Host string
	// Port is that of TLS when 0: 587 for StartTLS, 465 for ImplicitTLS, 25 for
	// InsecurePlain. Django: EMAIL_PORT, 25 by default.
	Port int
	// Username and Password sign in; both or neither. The first of
	// PLAIN, LOGIN and CRAM-MD5 is used that the server offers. With InsecurePlain
	// they are for a server on this machine only. Django: EMAIL_HOST_USER and
	// EMAIL_HOST_PASSWORD.
	Username string
	Password string `json:"-"`
	// TLS is StartTLS when empty.
	TLS TLS
	// TLSConfig is for what is not usual, such as authorities of one's own
	// (RootCAs) and client certificates (Django: EMAIL_SSL_CERTFILE and
	// EMAIL_SSL_KEYFILE). It is copied. When nil the server must have a
	// certificate for Host that this machine trusts. Versions of TLS below 1.2 are
	// never used.
	TLSConfig *tls.Config `json:"-"`
	// From is for messages without one, and its domain is in the Message-ID of
	// those. Django: DEFAULT_FROM_EMAIL.
	From string
	// Timeout is how long a message may take, from the look-up of the name to the
	// server's last reply; DefaultTimeout when 0. The deadline of the context
	// counts too. Django: EMAIL_TIMEOUT, which has none by default.
	Timeout time.Duration
	// LocalName is how this machine introduces itself in EHLO; the domain of From
	// when empty, so that its own name is not told.
	LocalName string
}

// String hides the password.
func (c Config) String() string { return fmt.Sprintf("smtp.Config{Host: %q, …}", c.Host) }

// GoString hides the password.
func (c Config) GoString() string { return c.String() }

// Format hides the password, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue hides the password.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// complete fills in the defaults and says what is wrong.
func (c Config) complete() (Config, error) {
	c.TLS = cmp.Or(c.TLS, StartTLS)
	ports := map[TLS]int{StartTLS: 587, ImplicitTLS: 465, InsecurePlain: 25}
	c.Port = cmp.Or(c.Port, ports[c.TLS])
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	if err := mail.CheckFrom(c.From); err != nil {
		return c, fmt.Errorf("smtp: Config.From, the address that messages come from: %w", err)
	}
	if from, err := netmail.ParseAddress(c.From); err == nil && c.LocalName == "" {
		_, c.LocalName, _ = strings.Cut(from.Address, "@")
	}
	switch {
	case ports[c.TLS] == 0:
		return c, fmt.Errorf("smtp: Config.TLS is %q; give %q, %q or %q", c.TLS, StartTLS, ImplicitTLS, InsecurePlain)
	case c.Host == "":
		return c, errors.New("smtp: no server given; set Config.Host")
	case !word(c.Host):
		return c, errors.New("smtp: Config.Host is no name of a server; give the port in Config.Port")
	case c.Port < 1 || c.Port > 65535:
		return c, fmt.Errorf("smtp: Config.Port is %d; give one of 1 to 65535", c.Port)
	case c.Timeout < 0:
		return c, errors.New("smtp: Config.Timeout is negative")
	case !word(c.LocalName):
		return c, errors.New("smtp: Config.LocalName is no name of a machine")
	}
	if err := c.checkLogin(); err != nil {
		return c, err
	}
	return c, c.completeTLS()
}

// word reports whether text is something visible without spaces.
func word(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

func (c *Config) checkLogin() error {
	switch {
	case (c.Username == "") != (c.Password == ""):
		return errors.New("smtp: Config.Username and Config.Password go together; give both or neither")
	case strings.Contains(c.Username+c.Password, "\x00"):
		return errors.New("smtp: Config.Username or Config.Password holds a NUL")
	case c.Username != "" && c.TLS == InsecurePlain && !local(c.Host):
		return fmt.Errorf("smtp: the password would go unencrypted to another machine; set Config.TLS to %q or %q", StartTLS, ImplicitTLS)
	}
	return nil
}

// local reports whether a host is this machine.
func local(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

func (c *Config) completeTLS() error {
	if c.TLS == InsecurePlain {
		if c.TLSConfig != nil {
			return fmt.Errorf("smtp: Config.TLSConfig is given, and Config.TLS is %q", InsecurePlain)
		}
		return nil
	}
	own := c.TLSConfig.Clone()
	if own == nil {
		own = &tls.Config{}
	}
	if own.InsecureSkipVerify && own.VerifyConnection == nil && own.VerifyPeerCertificate == nil {
		return errors.New("smtp: Config.TLSConfig.InsecureSkipVerify lets everybody pose as the server; give its authority in RootCAs instead")
	}
	own.ServerName = cmp.Or(own.ServerName, c.Host)
	own.MinVersion = max(own.MinVersion, tls.VersionTLS12)
	c.TLSConfig = own
	return nil
}
