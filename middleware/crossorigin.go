package middleware

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/coatcheck/coatcheck/flow"
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
				refuseOrigin(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}, nil
}

// refuseOrigin responds with what the visitor can do, and logs what those who run the site can do.
func refuseOrigin(w http.ResponseWriter, r *http.Request) {
	origin := requestinfo.LogOrigin(r.Header.Get("Origin"))
	site := requestinfo.LogText(r.Header.Get("Sec-Fetch-Site"))
	flow.Emit(r.Context(), "origin.refused",
		slog.String("origin", origin), slog.String("sec-fetch-site", site))
	t := translator(r)
	why := diagnoseOrigin(r, t, &csrfRefusal{origin: r.Header.Get("Origin")})
	logger(r).WarnContext(r.Context(), "refused with 403: the request seems to come from another site's page",
		"code", "origin.refused", "path", requestinfo.LogPath(r), "origin", origin, "sec-fetch-site", site,
		"own", requestinfo.LogText(requestinfo.Origin(r)), "remedy", why.Remedy, "setting", why.Setting)
	say(w, r, t, http.StatusForbidden, t.T("This form was not accepted"),
		t.T("This request came from another site, so it was refused. Open the form on this site and send it again."))
}
