package views

import (
	"net/http"

	"github.com/coatcheck/coatcheck/internal/negotiate"
)

// profile shows the user what is stored about them.
func (v *Views) profile(w http.ResponseWriter, r *http.Request) {
	report(r, "profile shown")
	if !negotiate.HTML(r) {
		sayJSON(w, http.StatusOK, map[string]string{"profile": "private data"})
		return
	}
	v.Render(w, r, http.StatusOK, "profile.html", nil)
}
