package smtp

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"

	gosmtp "github.com/wneessen/go-mail/smtp"
)

// authenticate signs in by the first way that both sides know. A password goes
// over no connection that others can listen to.
func (s *Sender) authenticate(ctx context.Context, client *gosmtp.Client, server net.Addr) error {
	_, encrypted := client.TLSConnectionState()
	tcp, _ := server.(*net.TCPAddr)
	if !encrypted && (s.config.TLS != InsecurePlain || tcp == nil || !tcp.IP.IsLoopback()) {
		return errUnencrypted
	}
	_, offered := client.Extension("AUTH")
	way := s.way(strings.Fields(strings.ToUpper(offered)))
	if way == nil {
		return errNoAuth
	}
	if err := client.Auth(way); err != nil {
		return mute(ctx, "AUTH", err)
	}
	return nil
}

// way chooses among the mechanisms that the server offers; nil is none of them.
// PLAIN comes first: nobody listens, and it is the one that all servers get
// right. NTLM, which the library takes too, wants a domain as well.
func (s *Sender) way(offered []string) gosmtp.Auth {
	username, password := s.config.Username, s.config.Password
	for _, known := range []struct {
		name string
		auth gosmtp.Auth
	}{
		{"PLAIN", gosmtp.PlainAuth("", username, password, s.config.Host, true)},
		{"LOGIN", gosmtp.LoginAuth(username, password, s.config.Host, true)},
		{"CRAM-MD5", gosmtp.CRAMMD5Auth(username, password)},
	} {
		if slices.Contains(offered, known.name) {
			return known.auth
		}
	}
	return nil
}

var (
	errUnencrypted = errors.New("AUTH: the connection is not encrypted, so the password was not sent")
	errNoAuth      = errors.New("AUTH: the server offers no way to authenticate that Coatcheck knows")
)
