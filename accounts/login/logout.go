package login

import (
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/pages"
)

// logout ends the session, by POST alone: a link or an image on another site
// must not do it. A body that cannot be read keeps nobody signed in.
func (f *Feature) logout(w http.ResponseWriter, r *http.Request) {
	b, err := pages.ReadBody(w, r)
	if err != nil {
		flow.Emit(r.Context(), "body.unread", slog.Any("error", err))
	}
	if err := f.Auth().Logout(r); err != nil {
		f.Fail(w, r, err)
		return
	}
	f.Goodbye(w, r, f.Next(r, b))
}

// offerLogout responds to every other method: browsers get a page with the button.
func (f *Feature) offerLogout(w http.ResponseWriter, r *http.Request) {
	if !negotiate.HTML(r) {
		f.Refuse(w, r, &pages.Refusal{
			Status:   http.StatusMethodNotAllowed,
			Sentence: i18n.Mark("Logging out takes a POST request."),
		})
		return
	}
	flow.Emit(r.Context(), "logout.form")
	f.Render(w, r, http.StatusMethodNotAllowed, "logout.html", nil)
}
