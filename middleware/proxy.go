package middleware

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// ProxyConfig specifies which proxies are believed, and what. The zero config
// believes nobody.
type ProxyConfig struct {
	// Trusted are the proxies: addresses ("10.0.0.7"), networks ("10.0.0.0/8") and
	// "unix" for anyone who comes by a Unix socket. An empty list trusts nobody, and
	// then no X-Forwarded header counts. Name the proxies of this site alone: who
	// is trusted says who the client is.
	Trusted []string
	// SSLHeader is the header in which a trusted proxy tells the scheme;
	// "X-Forwarded-Proto" when empty, or "none". The proxy must set it or remove it on
	// every request. Django: SECURE_PROXY_SSL_HEADER, the first part.
	SSLHeader string
	// SSLValue is what it says for HTTPS; "https" when empty. Django:
	// SECURE_PROXY_SSL_HEADER, the second part.
	SSLValue string
	// ForwardedHost reads the host from X-Forwarded-Host, where a trusted proxy
	// sends it. A proxy that passes the Host header on needs none. Django:
	// USE_X_FORWARDED_HOST.
	ForwardedHost bool
	// ForwardedPort reads the port from X-Forwarded-Port. It matters for the
	// Referer check with a cookie domain alone. Django: USE_X_FORWARDED_PORT.
	ForwardedPort bool
	// ForwardedPrefix reads ScriptName from X-Forwarded-Prefix, where a trusted proxy
	// sends it. The proxy must set it or remove it on every request, and cut the prefix
	// off the path.
	ForwardedPrefix bool
	// ScriptName is the path below which a proxy mounts the site, "/auth" for instance:
	// it goes before every address that the site makes, and names the cookies' path
	// where the settings name none. Requests may come with it in their path or without
	// it. Django: FORCE_SCRIPT_NAME.
	ScriptName string
	// Logger is told of a forwarded host that is none. Nil means slog.Default().
	Logger *slog.Logger
}

const (
	forwardedFor   = "X-Forwarded-For"
	forwardedHost  = "X-Forwarded-Host"
	forwardedPort  = "X-Forwarded-Port"
	forwardedProto = "X-Forwarded-Proto"
	forwardedPath  = "X-Forwarded-Prefix"
	noHeader       = "none"
)

// proxies is a ProxyConfig that was read.
type proxies struct {
	networks []netip.Prefix
	unix     bool
	header   string // of the scheme; empty for none
	value    string
	host     bool
	port     bool
	prefix   bool
	script   string // the script name
}

// Proxy finds out by which host and scheme the client reached the site and from
// which address, for Host, IsSecure and ClientIP, and for everything here that
// asks. It believes the headers of the connection's other end where that is a
// trusted proxy. The client's address is read from X-Forwarded-For from the
// right: the first one that is not a trusted proxy's.
//
// Forwarded headers of a peer that is not trusted give one warning, which names the
// peer: a proxy that nobody declared looks like one client with very many passwords to
// guess.
//
// What is ambiguous does not count: a scheme that was sent in two lines is http,
// and a forwarded host that is none is refused with 400. Headers spelled with
// underscores never count.
func Proxy(c ProxyConfig) (func(http.Handler) http.Handler, error) {
	p, err := newProxies(c)
	if err != nil {
		return nil, err
	}
	log := c.Logger
	if log == nil {
		log = slog.Default()
	}
	var hint undeclared
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			info, err := p.info(r)
			hint.look(r, p, log)
			if err != nil {
				remedy := "let the proxy send one host name in X-Forwarded-Host, or set ForwardedHost to false"
				if errors.Is(err, errForwardedPrefix) {
					remedy = "let the proxy send one path in X-Forwarded-Prefix, or set ForwardedPrefix to false"
				}
				log.WarnContext(r.Context(), "refused with 400: "+err.Error(), "peer", r.RemoteAddr, "remedy", remedy)
				flow.Emit(r.Context(), "proxy.refused")
				Say(w, r, http.StatusBadRequest, i18n.Mark("This site could not tell under which address you opened it. "+
					"This is a fault of the site and not yours."))
				return
			}
			r = r.WithContext(requestinfo.NewContext(r.Context(), &info))
			next.ServeHTTP(w, cutScriptName(r, p.script))
		})
	}, nil
}

func newProxies(c ProxyConfig) (*proxies, error) {
	p := &proxies{
		header: forwardedProto, value: "https", host: c.ForwardedHost, port: c.ForwardedPort, prefix: c.ForwardedPrefix,
	}
	var err error
	if p.script, err = parseScriptName(c.ScriptName); err != nil {
		return nil, fmt.Errorf("middleware: ProxyConfig.ScriptName: %w", err)
	}
	for _, text := range c.Trusted {
		if text == "unix" {
			p.unix = true
			continue
		}
		network, err := parseNetwork(text)
		if err != nil {
			return nil, err
		}
		p.networks = append(p.networks, network)
	}
	switch name, err := headerName(c.SSLHeader); {
	case err != nil:
		return nil, fmt.Errorf("middleware: ProxyConfig.SSLHeader: %w", err)
	case c.SSLHeader == noHeader:
		p.header = ""
	case name != "":
		p.header = name
	}
	if c.SSLValue != "" {
		p.value = c.SSLValue
	}
	return p, nil
}

// parseNetwork reads an address or a network. IPv4 written as IPv6 becomes IPv4.
func parseNetwork(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("middleware: ProxyConfig.Trusted has %q; it must be an address such as %q, "+
			"a network such as %q, or %q", text, "10.0.0.7", "10.0.0.0/8", "unix")
	}
	if network.Addr().Is4In6() && network.Bits() >= 96 {
		network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-96)
	}
	return network.Masked(), nil
}

// headerName reads the name of a header, also as Django spells it in settings:
// HTTP_X_FORWARDED_PROTO.
func headerName(name string) (string, error) {
	if rest, ok := strings.CutPrefix(name, "HTTP_"); ok {
		name = strings.ReplaceAll(rest, "_", "-")
	}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
	if strings.Trim(name, letters) != "" {
		return "", fmt.Errorf("%q is no name of a header: write letters, digits and hyphens, as in X-Forwarded-Proto", name)
	}
	return http.CanonicalHeaderKey(name), nil
}

// These refuse a request, wherever it leads.
var (
	errForwardedHost   = errors.New("the proxy sent a X-Forwarded-Host that is no host")
	errForwardedPrefix = errors.New("the proxy sent a X-Forwarded-Prefix that is no path")
)

// info is what is known about the request.
func (p *proxies) info(r *http.Request) (requestinfo.Info, error) {
	info := requestinfo.Info{Host: r.Host, Secure: r.TLS != nil, Client: requestinfo.Peer(r), ScriptName: p.script}
	if !p.trustsPeer(r, info.Client) {
		return info, nil
	}
	info.Client = p.client(info.Client, r.Header[forwardedFor])
	if told := r.Header[p.header]; p.header != "" && len(told) > 0 {
		first, _, _ := strings.Cut(told[0], ",")
		info.Secure = len(told) == 1 && p.saysSecure(strings.TrimSpace(first))
	}
	if told := r.Header[forwardedPort]; p.port && len(told) == 1 && strings.Trim(told[0], "0123456789") == "" {
		info.Port = told[0]
	}
	if told := r.Header[forwardedHost]; p.host && len(told) > 0 {
		info.Host = strings.Join(told, ",") // as WSGI joins them; two are none
		if domain, _ := splitHost(info.Host); domain == "" {
			return info, errForwardedHost
		}
	}
	if told := r.Header[forwardedPath]; p.prefix && len(told) > 0 {
		name, err := parseScriptName(strings.Join(told, ","))
		if err != nil {
			return info, errForwardedPrefix
		}
		info.ScriptName = name
	}
	return info, nil
}

// saysSecure reports whether a scheme is that of HTTPS. Proxies name the one of a
// WebSocket, which begins as a request of HTTPS, wss.
func (p *proxies) saysSecure(scheme string) bool {
	return scheme == p.value || scheme == "wss" && p.value == "https"
}

func (p *proxies) trustsPeer(r *http.Request, peer netip.Addr) bool {
	if peer.IsValid() {
		return p.trusts(peer)
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.UnixAddr)
	return p.unix && ok && local != nil
}

func (p *proxies) trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(p.networks, func(n netip.Prefix) bool { return n.Contains(addr) })
}

// client walks from the peer, a trusted proxy, to the client: each trusted proxy
// wrote the address before it at the right. Where one of them wrote what is no
// address, nobody knows more than that it came by that proxy.
func (p *proxies) client(peer netip.Addr, lines []string) netip.Addr {
	at := peer
	for i := len(lines) - 1; i >= 0; i-- {
		for rest := lines[i]; ; {
			cut := strings.LastIndexByte(rest, ',')
			addr, ok := parseHop(rest[cut+1:])
			if !ok {
				return at
			}
			if at = addr; !p.trusts(at) {
				return at
			}
			if cut < 0 {
				break
			}
			rest = rest[:cut]
		}
	}
	return at
}

// parseHop reads an address of X-Forwarded-For; some proxies add the port.
func parseHop(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone(""), true
}

// Host is the host by which the client reached the site, with the port if it is
// not the usual one (Django: request.get_host). Only behind Hosts is it one of the
// site's own.
func Host(r *http.Request) string { return requestinfo.Host(r) }

// IsSecure reports whether the client speaks HTTPS (Django: request.is_secure).
func IsSecure(r *http.Request) bool { return requestinfo.Secure(r) }

// ClientIP is the address of the client; it is invalid where nobody knows it, as
// on a Unix socket without a trusted proxy. Without Proxy it is the other end of
// the connection (Django: REMOTE_ADDR).
func ClientIP(r *http.Request) netip.Addr { return requestinfo.Client(r) }
