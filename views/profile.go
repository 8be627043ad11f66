package views

import (
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/negotiate"
)

// profile shows the user what is stored about them.
func (v *Views) profile(w http.ResponseWriter, r *http.Request) {
	flow.Emit(r.Context(), "profile.shown")
	if !negotiate.HTML(r) {
		user, err := auth.UserFromContext(r.Context())
		if err != nil {
			v.fail(w, r, err)
			return
		}
		v.sayProfile(w, r, user)
		return
	}
	v.Render(w, r, http.StatusOK, "profile.html", nil)
}
