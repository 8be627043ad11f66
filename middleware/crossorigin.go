package middleware

import (
	"fmt"
	"net/http"

	"github.com/coatcheck/coatcheck/flow"
)

// CrossOrigin refuses requests that another site's page makes with this site's
// cookies, by the headers Sec-Fetch-Site and Origin (net/http's
// CrossOriginProtection). GET, HEAD and OPTIONS always pass, so they must
// change nothing, and so do clients that are no browsers. The trusted origins,
// each "scheme://host[:port]", may send what they want.
func CrossOrigin(trusted ...string) (func(http.Handler) http.Handler, error) {
	guard := http.NewCrossOriginProtection()
	for _, origin := range trusted {
		if err := guard.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("middleware: trusted origin: %w", err)
		}
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := guard.Check(r); err != nil {
				if t := flow.FromContext(r.Context()); t != nil {
					t.Step(flow.Middleware, "refused: cross-origin request", "origin", r.Header.Get("Origin"),
						"sec-fetch-site", r.Header.Get("Sec-Fetch-Site"))
				}
				Say(w, r, http.StatusForbidden, "This request came from another site, so it was refused. "+
					"Open the form on this site and send it again. If this is this site, its address is not the one "+
					"that the server sees: let the proxy pass the Host header on, or add the origin to the trusted ones.")
				return
			}
			next.ServeHTTP(w, r)
		})
	}, nil
}
