package middleware

import "net/http"

// For the tests.
var (
	SplitHost = splitHost
	LogText   = logText
)

// RefuseHost reports what is wrong with the host of a request.
func RefuseHost(r *http.Request, allowed []string) string { return refuseHost(r, allowed) }
