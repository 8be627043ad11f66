package middleware

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/internal/watch"
)

// Trace collects the flow of each request in a flow.Trace, and calls print with its way
// through the five layers as one block of text when it is done. It belongs outermost.
func Trace(print func(block string)) func(http.Handler) http.Handler {
	return watch.Requests(func(v *watch.Request) {
		outcome := "no answer"
		if v.Status != 0 {
			outcome = strconv.Itoa(v.Status)
		}
		print(v.Flow.Format(fmt.Sprintf("%s %q  →  %s in %s", v.Came.Method, requestinfo.LogPath(v.Came), outcome,
			v.Took.Round(time.Microsecond))))
	})
}
