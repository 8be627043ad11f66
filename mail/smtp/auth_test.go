package smtp

import (
	"errors"
	"net"
	"slices"
	"testing"

	"github.com/coatcheck/coatcheck/mail/mailtest"
)

// TestPasswordStaysOnThisMachine: where the name of the server turns out to be that of
// another machine, no password goes there without encryption.
func TestPasswordStaysOnThisMachine(t *testing.T) {
	server := mailtest.Start(t, mailtest.Config{Username: "shop", Password: "canary"})
	s, err := New(Config{
		Host: server.Host(), Port: server.Port(), TLS: InsecurePlain, From: "shop@example.com",
		Username: "shop", Password: "canary",
	})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := s.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client, err := s.introduce(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []net.Addr{&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 25}, &net.UnixAddr{}} {
		if err := s.authenticate(t.Context(), client, address); !errors.Is(err, errUnencrypted) {
			t.Errorf("%v: %v", address, err)
		}
	}
	if slices.Contains(server.Commands(), "AUTH PLAIN") {
		t.Errorf("the password was sent: %q", server.Commands())
	}
	if err := s.authenticate(t.Context(), client, conn.RemoteAddr()); err != nil {
		t.Errorf("on this machine: %v", err)
	}
}
