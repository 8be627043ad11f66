package middleware

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// CrossOrigin refuses requests that another site's page makes with this site's
// cookies, by the headers Sec-Fetch-Site and Origin (net/http's
// CrossOriginProtection). GET, HEAD and OPTIONS always pass, so they must
// change nothing, and so do clients that are no browsers. The trusted origins,
// each "scheme://host[:port]", or "https://*.example.com" for a domain with all
// its subdomains, may send what they want. It stands inside Proxy.
func CrossOrigin(trusted ...string) (func(http.Handler) http.Handler, error) {
	guard := http.NewCrossOriginProtection()
	var wild []string
	for _, origin := range trusted {
		if strings.Contains(origin, "*") {
			wild = append(wild, origin)
		} else if err := guard.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("middleware: trusted origin: %w", err)
		}
	}
	domains, err := parseTrusted(wild)
	if err != nil {
		return nil, err
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen := r
			if host := requestinfo.Host(r); host != r.Host { // a trusted proxy told it
				seen = new(http.Request)
				*seen = *r
				seen.Host = host
			}
			if err := guard.Check(seen); err != nil && !domains.match(r.Header.Get("Origin")) {
				flow.Emit(r.Context(), "origin.refused",
					slog.String("origin", requestinfo.LogOrigin(r.Header.Get("Origin"))),
					slog.String("sec-fetch-site", requestinfo.LogText(r.Header.Get("Sec-Fetch-Site"))))
				Say(w, r, http.StatusForbidden, i18n.Mark("This request came from another site, so it was refused. "+
					"Open the form on this site and send it again. If this is this site, its address is not the one "+
					"that the server sees: let the proxy pass the Host header on, or add the origin to the trusted ones."))
				return
			}
			next.ServeHTTP(w, r)
		})
	}, nil
}
