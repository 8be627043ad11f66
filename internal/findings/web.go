package findings

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/probe"
)

// What a request of the doctor claims about itself.
const (
	ForgedClient = "192.0.2.77" // an address for documentation
	ForgedHost   = "doctor.invalid"
)

// webRules are about the way through the proxies.
var webRules = []diagnosis[Web]{
	{"coatcheck.W039", func(_ *Settings, w *Web) (string, string) {
		if !w.Signed || w.Report != nil {
			return "", ""
		}
		return "Nobody at the URL reported what the server sees: there is another program, a " +
				"coatcheck serve with another SECRET_KEY, or a proxy that keeps " + probe.Path +
				" to itself.",
			"--secret-key-file of that server; or --no-probe, where the site is no coatcheck serve"
	}},
	{"coatcheck.E040", loginPage},
	{"coatcheck.E041", func(_ *Settings, w *Web) (string, string) {
		if w.Report == nil || !w.HTTPS || w.Report.Scheme == "https" {
			return "", ""
		}
		return "The URL is HTTPS, and the server sees HTTP: forms are refused, HSTS is not sent, " +
			"and a redirect to HTTPS leads in circles.", scheme(w.Report)
	}},
	{"coatcheck.E042", func(_ *Settings, w *Web) (string, string) {
		if w.Report == nil || sameHost(w.Report.Host, w.Host) {
			return "", ""
		}
		text := fmt.Sprintf("The URL has the host %s, and the server sees %s: forms are refused as "+
			"those "+
			"of another "+
			"site, and links in emails lead elsewhere.", shown(w.Host), shown(w.Report.Host))
		if slices.ContainsFunc(w.Report.Forwarded["X-Forwarded-Host"], w.names) {
			return text, "--use-x-forwarded-host" + trustToo(w.Report)
		}
		return text, "proxy_set_header Host $http_host; # nginx; ProxyPreserveHost On in Apache"
	}},
	{"coatcheck.E043", func(_ *Settings, w *Web) (string, string) {
		r := w.Report
		if r == nil || !w.HTTPS && len(r.Forwarded) == 0 {
			return "", ""
		}
		const text = "The server sees the proxy's address as that of every client: the wrong " +
			"passwords of one visitor lock everybody out."
		switch {
		case !r.PeerTrusted:
			return text, "--trusted-proxy " + r.Peer
		case len(r.Forwarded["X-Forwarded-For"]) == 0:
			return text, "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; # nginx"
		}
		return "", ""
	}},
	{"coatcheck.E044", forged},
	{"coatcheck.W049", func(s *Settings, w *Web) (string, string) {
		seconds, _, _ := w.hsts()
		if !w.HTTPS || s.HSTSSeconds == 0 || seconds > 0 {
			return "", ""
		}
		return "--secure-hsts-seconds is set, and no Strict-Transport-Security arrives, so browsers " +
				"may come by HTTP.",
			"let the proxy pass the header on, and see that the server sees HTTPS"
	}},
	{"coatcheck.W050", func(s *Settings, w *Web) (string, string) {
		lines := w.Header["Referrer-Policy"]
		ours := lastPolicy(s.ReferrerPolicy) == noReferrer
		if ours || len(lines) == 0 || lastPolicy(lines[len(lines)-1]) != noReferrer {
			return "", ""
		}
		return "A proxy sends Referrer-Policy: no-referrer, so browsers send Origin: null with " +
				"forms, which Django's guard refuses.", "proxy_hide_header and add_header " +
				"Referrer-Policy same-origin; # nginx"
	}},
	{"coatcheck.W051", func(_ *Settings, w *Web) (string, string) {
		if w.Clock.Abs() <= maxDrift {
			return "", ""
		}
		return "The clock of the server is " + drift(w.Clock) + " this machine's: sessions and " +
			"links end at other times than they should.", "timedatectl set-ntp true # on both machines"
	}},
}

// loginPage judges the status of the login page.
func loginPage(s *Settings, w *Web) (string, string) {
	text := fmt.Sprintf("The login page %s gives %d", w.Login, w.Status)
	switch {
	case w.Status == http.StatusOK:
		return "", ""
	case w.Status == http.StatusBadRequest && len(s.AllowedHosts) > 0:
		return text + ": the site does not serve this host.", "--allowed-host " + bare(w.Host)
	case w.Location == w.Login:
		return text + " and redirects to itself: the server does not see HTTPS.", "--trusted-proxy " +
			"ADDRESS # of the proxy"
	case w.Status >= 300 && w.Status < 400:
		return text + " and redirects to " + shown(w.Location) + ".", "--url with the address that " +
			"it redirects to"
	case w.Status == http.StatusNotFound:
		return text + ".", "--script-name PATH # where a proxy mounts the site below a path; or " +
			"--login-url"
	case w.Status == http.StatusServiceUnavailable:
		return text + ": its database or its session store is away.", "see the log of the server"
	}
	return text + ".", "see the logs of the proxy and of the server"
}

// scheme returns how the server gets to see HTTPS.
func scheme(r *probe.Report) string {
	switch {
	case r.SchemeHeader == "none":
		return "--secure-proxy-ssl-header X-Forwarded-Proto"
	case len(r.Forwarded[r.SchemeHeader]) == 0:
		return "proxy_set_header " + r.SchemeHeader + " $scheme; # nginx" + trustToo(r)
	case !r.PeerTrusted:
		return "--trusted-proxy " + r.Peer
	case len(r.Forwarded[r.SchemeHeader]) > 1:
		return "let one proxy set " + r.SchemeHeader + ", and only once"
	}
	return "--secure-proxy-ssl-value " + shown(r.Forwarded[r.SchemeHeader][0]) + " # if that is " +
		"HTTPS; else the proxy says the wrong scheme"
}

// trustToo adds that the proxy has to be trusted.
func trustToo(r *probe.Report) string {
	if r.PeerTrusted {
		return ""
	}
	return " and --trusted-proxy " + r.Peer
}

// forged finds what clients can claim about themselves.
func forged(_ *Settings, w *Web) (string, string) {
	if w.Report == nil || w.Forged == nil || !w.Forged.PeerTrusted {
		return "", ""
	}
	lines := w.Forged.Forwarded["X-Forwarded-For"]
	switch {
	case len(lines) > 0 && strings.HasSuffix(strings.TrimSpace(lines[len(lines)-1]), ForgedClient):
		return "Clients choose their own address: the proxy passes their X-Forwarded-For on, so " +
				"nobody is throttled.",
			"proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; # nginx"
	case w.Forged.Host == ForgedHost:
		return "Clients choose the host: the proxy passes their X-Forwarded-Host on, and " +
				"--use-x-forwarded-host believes it.",
			"proxy_set_header X-Forwarded-Host $http_host; # nginx; or leave --use-x-forwarded-host out"
	case w.Forged.Scheme != w.Report.Scheme:
		return "Clients choose the scheme: the proxy passes their " + w.Report.SchemeHeader + " on.",
			"proxy_set_header " + w.Report.SchemeHeader + " $scheme; # nginx"
	}
	return "", ""
}

// cookieRules are about cookies as they arrive.
var cookieRules = []diagnosis[Web]{
	{"coatcheck.E045", func(_ *Settings, w *Web) (string, string) {
		if w.Sent == nil || w.Came != nil {
			return "", ""
		}
		return "The server sends the cookie " + w.Sent.Name + ", and it does not arrive: nobody can " +
				"log in.",
			"let the proxy pass Set-Cookie on under its name"
	}},
	{"coatcheck.E046", func(_ *Settings, w *Web) (string, string) {
		if w.Came == nil {
			return "", ""
		}
		var lost []string
		if w.Sent.Secure && !w.Came.Secure {
			lost = append(lost, "Secure")
		}
		if w.Sent.HttpOnly && !w.Came.HttpOnly {
			lost = append(lost, "HttpOnly")
		}
		if len(lost) == 0 {
			return "", ""
		}
		return "The cookie " + w.Came.Name + " loses " + strings.Join(lost, " and ") + " on its way " +
				"through the proxy.",
			"remove what rewrites Set-Cookie (proxy_cookie_flags in nginx, Header edit in Apache)"
	}},
	{"coatcheck.W047", func(_ *Settings, w *Web) (string, string) {
		if w.Came == nil {
			return "", ""
		}
		var changed []string
		for _, a := range []struct{ name, sent, came string }{
			{"Path", w.Sent.Path, w.Came.Path},
			{"Domain", w.Sent.Domain, w.Came.Domain},
			{"SameSite", sameSite(w.Sent), sameSite(w.Came)},
			{"its value", w.Sent.Value, w.Came.Value},
		} {
			if a.sent != a.came {
				changed = append(changed, fmt.Sprintf("%s from %q to "+
					"%q", a.name, a.sent, shown(a.came)))
			}
		}
		if len(changed) == 0 {
			return "", ""
		}
		return "A proxy changes the cookie " + w.Came.Name + ": " + strings.Join(changed, ", ") + ".",
			"set it by --session-cookie-path, -domain and -samesite, and let the proxy leave " +
				"Set-Cookie alone"
	}},
	{"coatcheck.E048", dropped},
}

// dropped finds cookies that browsers do not keep, or do not send back to the login page.
func dropped(_ *Settings, w *Web) (string, string) {
	for _, c := range w.Cookies {
		why := ""
		cookie := httptext.SetCookie{
			Name: c.Name, Path: c.Path, Domain: c.Domain, Secure: c.Secure, HttpOnly: c.HttpOnly,
			SameSite: sameSite(c),
		}
		host := bare(w.Host)
		switch err := cookie.Refused(); {
		case err != nil:
			why = err.Error()
		case !httptext.DomainMatches(host, c.Domain):
			why = "its domain " + shown(c.Domain) + " is not that of the host " + shown(host)
		case c.Secure && !w.HTTPS && !isLoopback(net.JoinHostPort(host, "0")):
			why = "it is for HTTPS alone, and the URL is HTTP"
		default:
			continue
		}
		flag := "--session-cookie-…"
		if w.Sent == nil || c.Name != w.Sent.Name {
			flag = "--csrf-cookie-…"
		}
		return "Browsers drop the cookie " + shown(c.Name) + ": " + why + ".",
			flag + " to fit " + shown(host) + ", or what the proxy makes of Set-Cookie"
	}
	return "", ""
}

// sameSite is the attribute as it is written.
func sameSite(c *http.Cookie) string {
	return map[http.SameSite]string{
		http.SameSiteLaxMode: "Lax", http.SameSiteStrictMode: "Strict", http.SameSiteNoneMode: "None",
	}[c.SameSite]
}

// hsts reads Strict-Transport-Security, of which the first line counts.
func (w *Web) hsts() (seconds int, subdomains, preload bool) {
	for part := range strings.SplitSeq(w.Header.Get("Strict-Transport-Security"), ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch strings.ToLower(name) {
		case "max-age":
			seconds, _ = strconv.Atoi(strings.Trim(value, `"`)) // 0 for nonsense, as for browsers
		case "includesubdomains":
			subdomains = true
		case "preload":
			preload = true
		}
	}
	return max(seconds, 0), subdomains, preload
}

// names reports whether a host is that of the URL.
func (w *Web) names(host string) bool { return sameHost(host, w.Host) }

// sameHost compares hosts without the usual ports.
func sameHost(a, b string) bool {
	usual := func(host string) string {
		return strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(strings.TrimSpace(host), ":443"), ":80"))
	}
	return usual(a) == usual(b)
}

// bare is a host without its port.
func bare(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}
