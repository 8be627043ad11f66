package findings

import (
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions/filestore"
)

// rule is a check of settings for the internet.
type rule struct {
	id    string
	wrong bool
	text  string
}

// Deploy judges whether settings are fit for the internet. The ids are Django's where it has
// the check, and the settings are named by their flags.
func Deploy(s Settings) []Finding {
	rules := append(s.ownRules(), s.keyRules()...) // by which others get in, before what is good manners
	rules = append(rules, s.cookieRules()...)
	rules = append(rules, s.headerRules()...)
	var found []Finding
	for _, r := range rules {
		if r.wrong {
			found = append(found, Finding{ID: r.id, Text: r.text})
		}
	}
	return found
}

func (s Settings) headerRules() []rule {
	frames := strings.ToUpper(s.FrameOptions)
	return []rule{
		{"security.W002", frames == "OMIT", "--x-frame-options is omit, so other sites may show these " +
			"pages in a frame and catch clicks."},
		{"security.W004", s.HSTSSeconds == 0, "--secure-hsts-seconds is not set, so browsers may come by " +
			"HTTP. Set it once the whole host is served by HTTPS; until the time is over there is no way " +
			"back."},
		{"security.W005", s.HSTSSeconds > 0 && !s.HSTSSubdomains, "--secure-hsts-include-subdomains is not " +
			"set, so cookies can be set from a subdomain by HTTP. Set it once all of them are served by " +
			"HTTPS."},
		{"security.W006", !s.NoSniff, "--no-secure-content-type-nosniff lets browsers guess the types of " +
			"responses."},
		{"security.W008", !s.SSLRedirect && !s.ProxyRedirects, "--secure-ssl-redirect is not set. Set it, " +
			"unless the proxy in front redirects to HTTPS."},
		{"security.W019", frames != "DENY" && frames != "OMIT", "--x-frame-options is not DENY, so some " +
			"pages may show these in a frame."},
		{"security.W020", len(s.AllowedHosts) == 0, "--allowed-host is not set, so the site accepts any " +
			"host name."},
		{"security.W022", strings.EqualFold(s.ReferrerPolicy, "omit"), "--secure-referrer-policy is omit, " +
			"so addresses of pages may go out to other sites."},
		{"coatcheck.W020", lastPolicy(s.ReferrerPolicy) == noReferrer, "--secure-referrer-policy is " +
			"no-referrer, so browsers send Origin: null with forms, which Django's guard refuses. Set it " +
			"to same-origin."},
		{"security.W021", s.HSTSSeconds > 0 && !s.HSTSPreload, "--secure-hsts-preload is not set, so the " +
			"host cannot be put on the browsers' lists."},
	}
}

func (s Settings) cookieRules() []rule {
	tokens := s.Guard != "cross-origin" && !s.CSRFUseSessions
	return []rule{
		{"security.W012", !s.SessionCookieSecure, "--session-cookie-secure is not set, so the session's " +
			"cookie can be read off the network."},
		{"security.W015", !s.SessionCookieHTTPOnly, "--no-session-cookie-httponly lets scripts read the " +
			"session's cookie."},
		{"security.W016", tokens && !s.CSRFCookieSecure, "--csrf-cookie-secure is not set, so the cookie " +
			"can be read off the network."},
	}
}

func (s Settings) keyRules() []rule {
	weak := false
	for _, k := range s.Fallbacks {
		weak = weak || isWeakKey(k)
	}
	const why = "has less than 50 characters, less than 5 different ones, or begins with django-insecure-. " +
		"Anyone who finds it can sign in as anybody. Delete the file to get a new one, or write a long " +
		"random text."
	return []rule{
		{"security.W009", isWeakKey(s.SecretKey), "The secret key " + why},
		{"security.W025", weak, "One of the keys in --secret-key-fallbacks-file " + why},
	}
}

// isWeakKey is Django's test.
func isWeakKey(key string) bool {
	letters := map[rune]bool{}
	n := 0
	for _, r := range key {
		letters[r] = true
		n++
	}
	return n < 50 || len(letters) < 5 || strings.HasPrefix(key, "django-insecure-")
}

// ownRules are about what Django does not have or not look at.
func (s Settings) ownRules() []rule {
	return []rule{
		{"coatcheck.W017", s.MailStays(), "--email-backend " + s.EmailBackend + " sends no email: links by " +
			"which anybody can set a new password are written here instead, and reach no user. Set it to " +
			"smtp, or to none."},
		{"coatcheck.W001", len(s.TrustedProxies) == 0 && !isLoopback(s.Addr), "--addr is open to the " +
			"network, and there is no --trusted-proxy that speaks HTTPS in front: passwords go over the " +
			"network as they are."},
		{"coatcheck.W002", trustsEverybody(s.TrustedProxies) || trustsEverybody(s.RemoteUserTrusted), "--trusted-proxy or --remote-user-trusted names all addresses, so every client can say who it is. Name the proxies of this site alone."},
		{
			"coatcheck.W004", s.PasswordHasher == password.PBKDF2SHA256{}.Algorithm() && s.PasswordIterations < s.DefaultIterations,
			"--password-iterations is less than Django's newest default. Keep it where an older Django " +
				"shares the database.",
		},
		{"coatcheck.W005", s.SSLRedirect && len(s.TrustedProxies) == 0, "--secure-ssl-redirect without a " +
			"--trusted-proxy leads in circles: this server speaks HTTP, and believes nobody who says that " +
			"the client speaks HTTPS."},
		{"coatcheck.W006", !s.ValidatePasswords, "--no-validate-passwords takes passwords that are guessed " +
			"first."},
		{"coatcheck.W007", s.SessionEngine == "signed_cookies", "--session-engine signed_cookies keeps " +
			"sessions with the visitors, where nothing ends them: a cookie that was stolen stays good " +
			"after the logout."},
		{"coatcheck.W008", hasEveryHost(s.AllowedHosts), "--allowed-host is *, so the site accepts any " +
			"host name."},
		{"coatcheck.W009", passwordInArgs(s.Args), "The password of the database is in the command line, " +
			"which everybody on the machine can read. Give it by $COATCHECK_DATABASE or the config file."},
		{"coatcheck.W010", s.Trace, "--trace prints the way of every request. It costs time."},
		{"coatcheck.W019", s.Inspect, "--inspect shows the way of every request to superusers and, " +
			"unless a proxy is named, to everybody on this machine. It costs time: leave it off but to " +
			"find a fault."},
		{"coatcheck.W012", s.SessionEngine == "file" && openToOthers(s.SessionFilePath), "--session-file-path names a folder that other users of this system can enter, and the names of its files are the session keys. Close it to them (chmod 0700), or choose another."},
		{"coatcheck.W013", len(s.TrustedProxies) == 0 && !s.ClientSeen, "--trusted-proxy is not set. If a " +
			"proxy is in front, all visitors have its address, and the wrong passwords of one lock " +
			"everybody out: name it."},
		{"coatcheck.W018", strings.HasPrefix(s.BaseURL, "http://") && !isLocal(s.BaseURL), "--base-url " +
			"begins with http://, so links to new passwords go over the network as they are. Serve the " +
			"site by HTTPS, and write https://."},
		{"coatcheck.W011", s.ThrottleOff, "--throttle is off, so passwords can be guessed without end."},
	}
}

// noReferrer is the policy by which browsers send Origin: null with every form.
const noReferrer = "no-referrer"

// lastPolicy returns the policy of a Referrer-Policy that counts: the last of a list.
func lastPolicy(list string) string {
	return strings.ToLower(strings.TrimSpace(list[strings.LastIndexByte(list, ',')+1:]))
}

// MailStays reports whether emails stay on this machine.
func (s Settings) MailStays() bool { return s.EmailBackend == "console" || s.EmailBackend == "file" }

// isLocal reports whether a URL leads to this machine.
func isLocal(address string) bool {
	u, err := url.Parse(address)
	return err == nil && isLoopback(net.JoinHostPort(u.Hostname(), "0"))
}

// Public reports whether the settings are those of a site that others can reach: by the
// network, by a proxy, or by the name that its links have.
func (s Settings) Public() bool {
	return !isLoopback(s.Addr) || s.Proxied()
}

// Proxied reports whether the settings are those of a site behind a proxy: it is named, or the
// links of the site lead to another machine.
func (s Settings) Proxied() bool {
	return len(s.TrustedProxies) > 0 || s.BaseURL != "" && !isLocal(s.BaseURL)
}

// openToOthers reports whether others can enter a folder. The default one is refused then.
func openToOthers(dir string) bool {
	open, err := filestore.OpenToOthers(dir)
	return dir != "" && err == nil && open
}

func hasEveryHost(hosts []string) bool {
	for _, h := range hosts {
		if h == "*" {
			return true
		}
	}
	return false
}

// isLoopback reports whether only this machine can connect to the address. The clients
// of the socket of systemd are not known.
func isLoopback(addr string) bool {
	if strings.HasPrefix(addr, "unix:") || addr == "systemd" {
		return true
	}
	host, _, err := net.SplitHostPort(addr)
	ip, bad := netip.ParseAddr(host)
	return err == nil && (host == "localhost" || bad == nil && ip.IsLoopback())
}

// trustsEverybody finds networks of all addresses.
func trustsEverybody(trusted []string) bool {
	for _, text := range trusted {
		if network, err := netip.ParsePrefix(text); err == nil && network.Bits() == 0 {
			return true
		}
	}
	return false
}

// passwordInArgs finds a database URL with a password among the arguments of
// the process.
func passwordInArgs(args []string) bool {
	for _, arg := range args {
		_, rest, ok := strings.Cut(arg, "://")
		user, _, named := strings.Cut(rest, "@")
		if ok && named && strings.Contains(user, ":") {
			return true
		}
	}
	return false
}
