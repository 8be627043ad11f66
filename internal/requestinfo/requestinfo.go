// Package requestinfo reports by which host and scheme a client reached the site, and from
// which address. Every floor may ask. It is on floor 0, the pure tools.
//
// Behind a proxy the connection does not tell; package middleware finds out from
// the proxy's headers, where it trusts the proxy, and leaves the result in the
// context of the request.
package requestinfo

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
)

// Info is what was found out about a request.
type Info struct {
	Host   string     // with the port if one was named, spelled as the client did
	Port   string     // that a proxy named, or empty
	Secure bool       // whether the client speaks HTTPS
	Client netip.Addr // invalid where nobody knows, as on a Unix socket

	// ScriptName is the path below which a proxy mounts the site, "/auth", or empty.
	ScriptName string
}

type contextKey struct{}

// NewContext returns a context that carries the info.
func NewContext(ctx context.Context, info *Info) context.Context {
	return context.WithValue(ctx, contextKey{}, info)
}

func found(r *http.Request) *Info {
	info, _ := r.Context().Value(contextKey{}).(*Info)
	return info
}

// Host is the host that the client asked, with the port if it is not the usual
// one (Django: get_host, unchecked).
func Host(r *http.Request) string {
	if info := found(r); info != nil {
		return info.Host
	}
	return r.Host
}

// Secure reports whether the client speaks HTTPS (Django: is_secure).
func Secure(r *http.Request) bool {
	if info := found(r); info != nil {
		return info.Secure
	}
	return r.TLS != nil
}

// Scheme is https or http.
func Scheme(r *http.Request) string {
	if Secure(r) {
		return "https"
	}
	return "http"
}

// Origin is the scheme and the host, as browsers write them in Origin.
func Origin(r *http.Request) string { return Scheme(r) + "://" + Host(r) }

// Port is the port that a proxy named, or empty.
func Port(r *http.Request) string {
	if info := found(r); info != nil {
		return info.Port
	}
	return ""
}

// ScriptName is the path below which a proxy mounts the site, such as "/auth", or empty
// (Django: get_script_name).
func ScriptName(r *http.Request) string {
	if info := found(r); info != nil {
		return info.ScriptName
	}
	return ""
}

// Below is a path of the site as clients know it, with the path below which the site is
// mounted in front.
func Below(r *http.Request, path string) string { return ScriptName(r) + path }

// Client is the address of the client, without a zone; invalid where nobody
// knows it.
func Client(r *http.Request) netip.Addr {
	if info := found(r); info != nil {
		return info.Client
	}
	return Peer(r)
}

// LogClient returns the attribute "client" for a line of the log, the address of the client
// without a port, or an empty attribute if the context is that of no request or nobody
// knows it.
func LogClient(ctx context.Context) slog.Attr {
	info, _ := ctx.Value(contextKey{}).(*Info)
	if info == nil || !info.Client.IsValid() {
		return slog.Attr{}
	}
	return slog.String("client", info.Client.String())
}

// Peer is the address at the other end of the connection, without a zone;
// invalid on a Unix socket.
func Peer(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap().WithZone("")
}
