package views

import (
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// logout ends the session, by POST alone: a link or an image on another site
// must not do it. A body that cannot be read keeps nobody signed in.
func (v *Views) logout(w http.ResponseWriter, r *http.Request) {
	b, err := readBody(w, r)
	if err != nil {
		flow.Emit(r.Context(), "body.unread", slog.Any("error", err))
	}
	if err := v.config.Auth.Logout(r); err != nil {
		v.fail(w, r, err)
		return
	}
	if !negotiate.HTML(r) {
		sayJSON(w, http.StatusOK, map[string]string{"message": "Logout successful"})
		return
	}
	v.sayGoodbye(w, r, v.next(r, b))
}

// sayGoodbye leads a browser on after its logout.
func (v *Views) sayGoodbye(w http.ResponseWriter, r *http.Request, target string) {
	if target == "" {
		target = v.config.LogoutRedirectURL
	}
	if target == "" || samePath(target, r) {
		v.Render(w, r, http.StatusOK, "logged_out.html", nil)
		return
	}
	flow.Emit(r.Context(), "logout.redirected", slog.String("location", requestinfo.LogURL(target)))
	v.redirect(w, r, target)
}

// offerLogout answers every other method: browsers get a page with the button.
func (v *Views) offerLogout(w http.ResponseWriter, r *http.Request) {
	if !negotiate.HTML(r) {
		v.refuse(w, r, &refusal{http.StatusMethodNotAllowed, i18n.Mark("Logging out takes a POST request.")})
		return
	}
	flow.Emit(r.Context(), "logout.form")
	v.Render(w, r, http.StatusMethodNotAllowed, "logout.html", nil)
}
