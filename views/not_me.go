package views

import (
	"errors"
	"net/http"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/internal/negotiate"
)

// notMeDoneURL says what the link "this wasn't me" has done. The links themselves
// are below accounts.DisownPath.
const notMeDoneURL = accounts.DisownPath + "done/"

const sayDisowned = "It is undone, and a link to a new password is on its way to you by mail"

func (v *Views) disownRoutes() []Route {
	return []Route{
		{"not_me", accounts.DisownPath + "{token}/", form, false, v.account(v.notMe, form...)},
		{"not_me_done", notMeDoneURL, page, false, v.account(v.notMeDone, page...)},
	}
}

// notMe shows what the link "this wasn't me" of a notice would undo, and does it by
// POST. It asks for no login: somebody else may be signed in.
func (v *Views) notMe(w http.ResponseWriter, r *http.Request) {
	t, token := v.translator(w, r), r.PathValue("token")
	var undo accounts.Undo
	var err error
	if r.Method == http.MethodPost {
		err = v.config.Accounts.Disown(r.Context(), token, t.Code())
	} else {
		undo, err = v.config.Accounts.Disownable(r.Context(), token)
	}
	switch {
	case errors.Is(err, accounts.ErrLink):
		next := v.config.LoginURL
		if url := v.urls["password_reset"]; url != "" {
			next = url
		}
		v.rejectLink(w, r, http.StatusGone, LinkPage{
			Title: t.T("This link is used up or too old"), URL: next, Label: t.T("Go on"),
			Message: t.T("If somebody else may be in your account, choose a new password now: that ends every session."),
		})
	case err != nil:
		v.fail(w, r, err)
	case r.Method != http.MethodPost && negotiate.HTML(r):
		v.Render(w, r, http.StatusOK, "not_me.html", undo)
	case r.Method != http.MethodPost:
		sayJSON(w, http.StatusOK, map[string]any{
			"message": "Send a POST to undo it", "ends_one_session": undo.OneSession, "brings_back": undo.Email,
		})
	case negotiate.HTML(r):
		report(r, "undone by its notice")
		v.redirect(w, r, notMeDoneURL)
	default:
		report(r, "undone by its notice")
		sayJSON(w, http.StatusOK, map[string]string{"message": sayDisowned})
	}
}

func (v *Views) notMeDone(w http.ResponseWriter, r *http.Request) {
	v.tell(w, r, "not_me_done.html", sayDisowned)
}
