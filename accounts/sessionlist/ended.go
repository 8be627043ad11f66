package sessionlist

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/messages"
	"github.com/coatcheck/coatcheck/pages"
)

// endedField in the query of the list tells it how many sessions were ended, where no
// middleware keeps a notice that names them. Nothing follows from it but that sentence.
const endedField = "ended"

// maxEnded bounds the number that it says.
const maxEnded = 9999

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
	err := messages.Success(r.Context(), sayEnded(f.Translator(w, r), these, n))
	switch {
	case errors.Is(err, messages.ErrNoMessages):
		f.GoTo(w, r, pages.WithQuery(URL, endedField, strconv.Itoa(min(n, maxEnded))))
	case err != nil:
		f.Fail(w, r, err)
	default:
		f.GoTo(w, r, URL)
	}
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

// notice returns what was ended, from the page before. The error is a failure of the store.
func (f *Feature) notice(r *http.Request, t *i18n.Translator) (string, error) {
	if n, err := strconv.Atoi(pages.Query(r)[endedField].Text); err == nil && n >= 0 && n <= maxEnded {
		return sayEnded(t, nil, n), nil
	}
	waiting, err := messages.Take(r.Context())
	if errors.Is(err, messages.ErrNoMessages) {
		return "", nil
	}
	var texts []string
	for _, m := range waiting {
		texts = append(texts, m.Text)
	}
	return strings.Join(texts, " "), err
}
