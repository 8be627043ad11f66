package smtp_test

import (
	"crypto/tls"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/mail"
	"github.com/coatcheck/coatcheck/mail/mailtest"
	"github.com/coatcheck/coatcheck/mail/smtp"
)

func TestNewRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*smtp.Config)
		want   string
	}{
		{"complete", func(*smtp.Config) {}, ""},
		{"unencrypted to this machine", func(c *smtp.Config) { c.TLS, c.Host = smtp.InsecurePlain, "localhost" }, ""},
		{"no host", func(c *smtp.Config) { c.Host = "" }, "set Config.Host"},
		{"a host of two lines", func(c *smtp.Config) { c.Host = "a\nb" }, "Config.Host"},
		{"no from", func(c *smtp.Config) { c.From = "" }, "Config.From"},
		{"a bad from", func(c *smtp.Config) { c.From = "shop" }, "Config.From"},
		{"a port", func(c *smtp.Config) { c.Port = 65536 }, "give one of 1 to 65535"},
		{"a mode", func(c *smtp.Config) { c.TLS = "none" }, `give "starttls", "tls" or "insecure-plain"`},
		{"a timeout", func(c *smtp.Config) { c.Timeout = -time.Second }, "Config.Timeout"},
		{"a local name", func(c *smtp.Config) { c.LocalName = "a b" }, "Config.LocalName"},
		{"no password", func(c *smtp.Config) { c.Password = "" }, "give both or neither"},
		{"no user name", func(c *smtp.Config) { c.Username = "" }, "give both or neither"},
		{"a NUL", func(c *smtp.Config) { c.Username = "a\x00b" }, "holds a NUL"},
		{"a password in clear text", func(c *smtp.Config) { c.TLS = smtp.InsecurePlain }, "would go unencrypted to another machine"},
		{"everybody is the server", func(c *smtp.Config) { c.TLSConfig = &tls.Config{InsecureSkipVerify: true} }, "RootCAs"},
		{"TLS for none", func(c *smtp.Config) {
			c.TLS, c.Host, c.TLSConfig = smtp.InsecurePlain, "localhost", &tls.Config{}
		}, "Config.TLSConfig is given"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := smtp.Config{Host: "smtp.example.com", Username: "shop", Password: password, From: "shop@example.com"}
			test.change(&c)
			_, err := smtp.New(c)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), password) {
				t.Errorf("the password is in %q", err)
			}
		})
	}
}

// TestAuthentication: each way works, PLAIN is preferred, and a wrong
// password is refused.
func TestAuthentication(t *testing.T) {
	for _, test := range []struct {
		offered []string
		want    string
	}{
		{[]string{"PLAIN"}, "AUTH PLAIN"},
		{[]string{"LOGIN"}, "AUTH LOGIN"},
		{[]string{"CRAM-MD5"}, "AUTH CRAM-MD5"},
		{[]string{"LOGIN", "PLAIN", "NTLM"}, "AUTH PLAIN"},
		{[]string{"CRAM-MD5", "LOGIN"}, "AUTH LOGIN"},
	} {
		for serves, mode := range map[mailtest.TLS]smtp.TLS{
			mailtest.NoTLS: smtp.InsecurePlain, mailtest.StartTLS: smtp.StartTLS, mailtest.ImplicitTLS: smtp.ImplicitTLS,
		} {
			server := mailtest.Start(t, mailtest.Config{
				TLS: serves, Username: "shop", Password: password, Mechanisms: test.offered,
			})
			c := config(server, mode)
			c.Username, c.Password = "shop", password
			if err := open(t, c).Send(t.Context(), message()); err != nil {
				t.Errorf("%q, %s: %v", test.offered, mode, err)
			}
			if !slices.Contains(server.Commands(), test.want) {
				t.Errorf("%q, %s: no %s in %q", test.offered, mode, test.want, server.Commands())
			}
			c.Password = "wrong"
			if err := open(t, c).Send(t.Context(), message()); err == nil || errors.Is(err, mail.ErrPermanent) || !strings.Contains(err.Error(), "535 5.7.8") {
				t.Errorf("%q, %s: a wrong password: %v", test.offered, mode, err)
			}
		}
	}
}

func TestNoWayToAuthenticate(t *testing.T) {
	server := mailtest.Start(t, mailtest.Config{TLS: mailtest.StartTLS})
	c := config(server, smtp.StartTLS)
	c.Username, c.Password = "shop", password
	err := open(t, c).Send(t.Context(), message())
	if err == nil || !strings.Contains(err.Error(), "offers no way to authenticate") || len(server.Messages()) != 0 {
		t.Errorf("got %v and %d messages", err, len(server.Messages()))
	}
}
