package requestinfo

import (
	"crypto/tls"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestWithoutInfo(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Host = "example.com:8000"
	r.RemoteAddr = "[::ffff:192.0.2.1]:1234"
	if Host(r) != "example.com:8000" || Secure(r) || Origin(r) != "http://example.com:8000" || Port(r) != "" || Client(r) != netip.MustParseAddr("192.0.2.1") {
		t.Errorf("%s %v %s %q %v", Host(r), Secure(r), Origin(r), Port(r), Client(r))
	}
	r.TLS = &tls.ConnectionState{}
	if !Secure(r) || Scheme(r) != "https" {
		t.Error("a TLS connection is not secure")
	}
}

func TestWithInfo(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	client := netip.MustParseAddr("2001:db8::1")
	r = r.WithContext(NewContext(r.Context(), &Info{Host: "a.example", Port: "8443", Secure: true, Client: client}))
	if Origin(r) != "https://a.example" || Port(r) != "8443" || Client(r) != client {
		t.Errorf("%s %q %v", Origin(r), Port(r), Client(r))
	}
}

func TestPeer(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.1:1": "192.0.2.1", "[fe80::1%eth0]:1": "fe80::1", "@": "invalid IP", "": "invalid IP", "nonsense": "invalid IP",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = remote
		if got := Peer(r).String(); got != want {
			t.Errorf("%q: %s, want %s", remote, got, want)
		}
	}
}
