package middleware

import (
	"log/slog"
	"net/http"
	"sync"

	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// forwarding are the headers in which proxies tell of the client.
var forwarding = []string{
	forwardedFor, forwardedProto, forwardedHost, forwardedPort, forwardedPath, "X-Real-Ip", "Forwarded",
}

// undeclared warns once of a proxy that nobody declared. A client of the internet may
// send such headers too; it has a warning of its own, so that it does not use up the one
// of a peer nearby. It also warns of a path that a proxy names and nobody looks at.
type undeclared struct {
	near, far, prefix sync.Once
}

// look warns where a peer that is not trusted sent a forwarded header.
func (u *undeclared) look(r *http.Request, p *proxies, log *slog.Logger) {
	peer := requestinfo.Peer(r)
	if p.trustsPeer(r, peer) {
		if told := r.Header[forwardedPath]; len(told) > 0 && told[0] != "/" && !p.prefix && p.script == "" {
			u.prefix.Do(func() {
				log.WarnContext(r.Context(), "a trusted proxy sent X-Forwarded-Prefix, which is not looked at. If it mounts the site there, set "+
					"--use-x-forwarded-prefix (Config.Web.Proxy.ForwardedPrefix) or --script-name (Config.Site.ScriptName); else let it remove the header")
			})
		}
		return
	}
	header := ""
	for _, name := range forwarding {
		if len(r.Header[name]) > 0 {
			header = name
			break
		}
	}
	if header == "" {
		return
	}
	once, name := &u.near, "unix"
	if peer.IsValid() {
		name = peer.String()
		if !peer.IsPrivate() && !peer.IsLoopback() && !peer.IsLinkLocalUnicast() {
			once = &u.far
		}
	}
	once.Do(func() {
		log.WarnContext(r.Context(), "a forwarded header came from a peer that is not trusted, and was not believed. If this is the proxy "+
			"in front of the site, all visitors have its address, so that the wrong passwords of one lock everybody out: name it by "+
			"--trusted-proxy (Config.Web.TrustedProxies). If it is a visitor, all is well", "header", header, "peer", name,
			"flag", "--trusted-proxy "+name)
	})
}
