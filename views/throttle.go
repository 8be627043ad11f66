package views

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/internal/negotiate"
)

// hold answers 429 where there were too many attempts, with the time to wait: the
// form again, or {"error": …}.
func (v *Views) hold(w http.ResponseWriter, r *http.Request, page string, form *Form, err error) {
	throttled := (*attempts.ThrottledError)(nil)
	if !errors.As(err, &throttled) {
		v.fail(w, r, err)
		return
	}
	message := throttled.MessageIn(v.translator(w, r))
	w.Header().Set("Retry-After", strconv.Itoa(throttled.Seconds()))
	if !negotiate.HTML(r) {
		sayJSON(w, http.StatusTooManyRequests, map[string]string{"error": message})
		return
	}
	form.Errors = []string{message}
	form.focus()
	v.Render(w, r, http.StatusTooManyRequests, page, form)
}
