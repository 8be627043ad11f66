package inspector

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// forwarding are headers, beside X-Forwarded-…, by which proxies say that they stand between.
var forwarding = []string{
	"Forwarded", "Via", "X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "Client-Ip", "True-Client-Ip",
	"Cf-Connecting-Ip", "Fly-Client-Ip", "X-Original-Host", "X-Original-Url",
}

// allowed reports whether a request may see the inspector: it comes from this machine, or from
// a superuser. The error is a failure of finding out who the user is.
func (i *Inspector) allowed(r *http.Request) (bool, error) {
	if !i.config.SuperusersOnly && isLocal(r) {
		return true, nil
	}
	user, err := auth.UserFromContext(r.Context())
	return err == nil && user.IsAuthenticated() && user.IsActive && user.IsSuperuser, err
}

// isLocal reports whether a browser on this machine sent the request itself. The other end of
// the connection has to be on this machine, and say nothing of another client; proxies speak
// HTTP/1.0, unless told otherwise. The host has to be one that no name service outside can
// lead here, or a page of another site could read the inspector (DNS rebinding).
func isLocal(r *http.Request) bool {
	if !requestinfo.Peer(r).IsLoopback() || !requestinfo.Client(r).IsLoopback() || !r.ProtoAtLeast(1, 1) {
		return false
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Forwarded") {
			return false
		}
	}
	for _, name := range forwarding {
		if len(r.Header[name]) > 0 {
			return false
		}
	}
	return isLocalHost(r.Host) && isLocalHost(requestinfo.Host(r))
}

// isLocalHost reports whether a host, perhaps with a port, is a name of this machine.
func isLocalHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
