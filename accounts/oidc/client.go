package oidc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// The limits of what a provider may send, and of how long it may take.
const (
	maxResponse = 1 << 20
	timeout     = 10 * time.Second
)

// errTooLarge: a provider sends more than maxResponse.
var errTooLarge = errors.New("oidc: the response of the provider is too large")

// newClient returns a client for requests to a provider. It follows no redirect, reads no more than
// a response may have, and reaches private addresses only at the host of the issuer: what a provider
// names as its endpoints cannot lead into the network of the site.
func newClient(issuer string) *http.Client {
	allowed := map[string]bool{}
	if u, err := url.Parse(issuer); err == nil {
		allowed[u.Hostname()] = true
		if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u}); err == nil && proxy != nil {
			allowed[proxy.Hostname()] = true
		}
	}
	open := &net.Dialer{Timeout: timeout}
	guarded := &net.Dialer{Timeout: timeout, Control: refusePrivate}
	return &http.Client{
		Timeout: timeout,
		Transport: limited{&http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: timeout,
			MaxResponseHeaderBytes: 64 << 10, IdleConnTimeout: time.Minute, MaxIdleConns: 8,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if host, _, err := net.SplitHostPort(address); err == nil && allowed[host] {
					return open.DialContext(ctx, network, address)
				}
				return guarded.DialContext(ctx, network, address)
			},
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// refusePrivate refuses connections to addresses that are not on the internet.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("oidc: %w", err)
	}
	ip := at.Addr().Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || shared.Contains(ip) {
		return fmt.Errorf("oidc: the provider names an endpoint at the private address %s, which is not "+
			"that of its issuer", ip)
	}
	return nil
}

// shared are the addresses between providers and their customers (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// limited is a transport whose responses have a greatest length.
type limited struct{ http.RoundTripper }

// RoundTrip is that of the transport.
func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := l.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Body = &limitedBody{ReadCloser: response.Body, left: maxResponse}
	}
	return response, err
}

// limitedBody fails where a body is longer than it may be.
type limitedBody struct {
	io.ReadCloser
	left int
}

// Read is that of the body.
func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, errTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
