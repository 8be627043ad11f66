package sessionlist

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/pages"
)

// maxNamed is how many ended sessions are named; of more only the number is told.
const maxNamed = 5

// ended responds after these sessions were ended, n in all: a browser is redirected to the list
// with a notice that names them, which is shown once.
func (f *Feature) ended(w http.ResponseWriter, r *http.Request, these []accounts.SessionInfo, n int) {
	flow.Emit(r.Context(), "session_list.ended", slog.Int("count", n))
	if !negotiate.HTML(r) {
		message := "Sessions ended"
		if n == 1 {
			message = "Session ended"
		}
		pages.JSON(w, http.StatusOK, map[string]any{"message": message, "ended": n})
		return
	}
	f.Finish(w, r, URL, sayEnded(f.Translator(w, r), these, n), "")
}

// sayEnded names the sessions that were ended, or tells how many they are.
func sayEnded(t *i18n.Translator, these []accounts.SessionInfo, n int) string {
	if n == 0 || n > maxNamed || len(these) != n {
		return t.N("%(n)d session was ended.", "%(n)d sessions were ended.", n)
	}
	names := make([]string, n)
	for i, s := range these {
		names[i] = deviceName(t, s)
	}
	return t.T("Signed out: %(devices)s.", "devices", strings.Join(names, ", "))
}
