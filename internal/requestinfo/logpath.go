package requestinfo

import (
	"net/http"
	"strings"
)

const (
	accountPages = "/accounts/" // below it are the links of mails
	maxPlain     = 24           // no word of ours in a path is as long, and every token is longer
	shownOfToken = 4
)

// LogPath is the path of a request as logs and traces may have it: of the tokens in
// the links of mails, which work as passwords do, they get the beginning only.
func LogPath(r *http.Request) string {
	rest, ok := strings.CutPrefix(r.URL.Path, accountPages)
	if !ok {
		return r.URL.Path
	}
	segments := strings.Split(rest, "/")
	for i, segment := range segments {
		if len(segment) > maxPlain {
			segments[i] = segment[:shownOfToken] + "…"
		}
	}
	return accountPages + strings.Join(segments, "/")
}
