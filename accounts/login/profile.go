package login

import (
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/negotiate"
)

// profile shows users what is stored about them.
func (f *Feature) profile(w http.ResponseWriter, r *http.Request) {
	flow.Emit(r.Context(), "profile.shown")
	if negotiate.HTML(r) {
		f.Render(w, r, http.StatusOK, "profile.html", nil)
		return
	}
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	f.SayProfile(w, r, user)
}
