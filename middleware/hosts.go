package middleware

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/safeurl"
)

// LocalHosts returns the names by which a machine calls itself: what Django
// serves with DEBUG and an empty ALLOWED_HOSTS.
func LocalHosts() []string { return []string{".localhost", "127.0.0.1", "[::1]"} }

// HostsConfig specifies which hosts a site serves.
type HostsConfig struct {
	// Allowed are "example.com", ".example.com" with its subdomains, "[::1]", or
	// "*" for every host that is well-formed. Ports do not matter. An empty list
	// allows nobody. Django: ALLOWED_HOSTS.
	Allowed []string
	// Logger is told of each refusal, in Django's words. Nil means slog.Default().
	Logger *slog.Logger
}

// Hosts responds with 400 to requests for a host that is not among those allowed, or
// is none. It stands inside Proxy.
//
// A request line with a whole URL ("GET http://example.com/") is refused too:
// the servers on its way may disagree about its host.
func Hosts(c HostsConfig) (func(http.Handler) http.Handler, error) {
	for _, pattern := range c.Allowed {
		name := strings.TrimPrefix(pattern, ".")
		if domain, port := splitHost(name); pattern != "*" && (domain == "" || port != "" || strings.HasPrefix(name, ".")) {
			return nil, fmt.Errorf("middleware: HostsConfig.Allowed has %q; write a host without scheme, port and path, such as %q, "+
				"%q for its subdomains too, %q, or %q for every host", pattern, "example.com", ".example.com", "[::1]", "*")
		}
	}
	log := c.Logger
	if log == nil {
		log = slog.Default()
	}
	allowed := slices.Clone(c.Allowed)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if why := refuseHost(r, allowed); why != "" {
				log.WarnContext(r.Context(), why)
				flow.Emit(r.Context(), "host.refused")
				Say(w, r, http.StatusBadRequest, i18n.Mark("This site is not served under that name. "+
					"Please check the address that you opened."))
				return
			}
			next.ServeHTTP(w, r)
		})
	}, nil
}

// refuseHost reports in Django's words what is wrong with the host of a request,
// or nothing.
func refuseHost(r *http.Request, allowed []string) string {
	host := requestinfo.Host(r)
	domain, _ := splitHost(host)
	said := "Invalid HTTP_HOST header: " + logQuote(host) + "."
	switch {
	case r.URL.Host != "" || r.URL.Scheme != "":
		return "refused with 400: the request line has a whole URL, with the host " + logQuote(r.URL.Host)
	case domain == "":
		return said + " The domain name provided is not valid according to RFC 1034/1035."
	case !hostAllowed(domain, allowed):
		return said + " You may need to add " + logQuote(domain) + " to ALLOWED_HOSTS."
	}
	return ""
}

// hostAllowed is Django's validate_host.
func hostAllowed(domain string, allowed []string) bool {
	return slices.ContainsFunc(allowed, func(pattern string) bool {
		return pattern == "*" || safeurl.SameDomain(domain, pattern)
	})
}

// splitHost divides a host into the domain, in lowercase and without the dot
// of the root, and the port (Django: split_domain_port). Both are empty where
// the host is not well-formed.
func splitHost(host string) (domain, port string) {
	if len(host) > 255+len(":65535") {
		return "", ""
	}
	domain = host
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		domain, port = host[:i], host[i+1:]
		if port == "" || strings.Trim(port, "0123456789") != "" {
			return "", ""
		}
	}
	const names, digits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", "0123456789abcdefABCDEF"
	if inside, ok := strings.CutPrefix(domain, "["); ok {
		inside, ok = strings.CutSuffix(inside, "]")
		first, rest, colon := strings.Cut(inside, ":")
		if !ok || !colon || rest == "" || strings.Trim(first, digits) != "" || strings.Trim(rest, digits+".:") != "" {
			return "", ""
		}
	} else if domain == "" || strings.Trim(domain, names) != "" {
		return "", ""
	}
	return strings.TrimSuffix(strings.ToLower(domain), "."), port
}

// maxLogged bounds what a client can put into one line of the log, in bytes.
const maxLogged = 1024

// logQuote quotes what a client sent, so that it stays on its line.
func logQuote(text string) string { return strconv.QuoteToASCII(shorten(text)) }

// logText is logQuote without the quotes, as in Django's log.
func logText(text string) string {
	quoted := logQuote(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

func shorten(text string) string {
	if len(text) <= maxLogged {
		return text
	}
	cut := maxLogged
	for cut > maxLogged-utf8.UTFMax && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
