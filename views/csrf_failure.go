package views

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/pages"
)

// csrfError is the JSON about a request that the CSRF check refused.
type csrfError struct {
	Error   string `json:"error"`
	Reason  string `json:"reason"`
	Remedy  string `json:"remedy,omitempty"`
	Setting string `json:"setting,omitempty"`
}

// CSRFFailure responds with 403 to a request that the CSRF check refused, with what
// happened, and the setting to change: csrf_failure.html, or JSON. It is for
// middleware.CSRFConfig.Failure (Django: CSRF_FAILURE_VIEW).
func (v *Views) CSRFFailure(w http.ResponseWriter, r *http.Request, f middleware.CSRFFailure) {
	v.SetSecurity(w.Header())
	httptext.NeverCache(w.Header(), time.Now())
	flow.Emit(r.Context(), "csrf.explained", slog.String("setting", f.Setting))
	if negotiate.HTML(r) {
		v.Render(w, r, http.StatusForbidden, "csrf_failure.html", f)
		return
	}
	pages.JSON(w, http.StatusForbidden, csrfError{f.Cause + " " + f.Visitor, f.Reason, f.Remedy, f.Setting})
}

// ErrorPage responds with error.html for a refusal of the middleware. It is for
// Site.Handler (Django: handler400, handler403, handler500).
func (v *Views) ErrorPage(w http.ResponseWriter, r *http.Request, status int, title, message string) {
	v.RenderAlone(w, r, status, "error.html", pages.ErrorPage{Title: title, Message: message})
}
