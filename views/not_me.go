package views

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

func (v *Views) notMeRoutes() []Route {
	return []Route{{"not_me", accounts.DisownPath + "{token}/", form, false, v.account(v.notMe, form...)}}
}

// notMe shows what the link "this wasn't me" of a notice does, and does it by POST. It
// asks for no login: somebody else may be signed in.
func (v *Views) notMe(w http.ResponseWriter, r *http.Request) {
	t, token := v.translator(w, r), r.PathValue("token")
	if r.Method == http.MethodPost {
		done, err := v.config.Accounts.Rescue(hooks.WithRequest(r), token, t.Code())
		if err != nil {
			v.rejectRescue(w, r, err)
			return
		}
		flow.Emit(r.Context(), "rescue.done", slog.Any("sessions", done.Ended))
		v.sayRescue(w, r, "not_me_done.html", rescued(t, done), done)
		return
	}
	todo, err := v.config.Accounts.Rescuable(r.Context(), token)
	if err != nil {
		v.rejectRescue(w, r, err)
		return
	}
	v.sayRescue(w, r, "not_me.html", rescues(t, todo), todo)
}

// RescuePage is what not_me.html and not_me_done.html show: what the link does, or has
// done, a sentence each.
type RescuePage struct {
	Steps []string
}

// sayRescue shows the steps. A program gets what they are about.
func (v *Views) sayRescue(w http.ResponseWriter, r *http.Request, page string, steps []string, about accounts.Rescue) {
	if negotiate.HTML(r) {
		v.Render(w, r, http.StatusOK, page, RescuePage{steps})
		return
	}
	answer := map[string]any{
		"message": "Send a POST to end every session and the password", "address": about.Address, "mailbox": about.Mailbox,
	}
	if r.Method == http.MethodPost {
		answer["message"], answer["ended"] = "Every session of the account has ended", about.Ended
	}
	sayJSON(w, http.StatusOK, answer)
}

// rescues says what the link does.
func rescues(t *i18n.Translator, todo accounts.Rescue) []string {
	steps := []string{t.T("Every session of your account ends, yours too.")}
	if todo.Mailbox != "" {
		steps = append(steps, t.T("Your password stops working, and we send a link to a new one to %(email)s.", "email", todo.Mailbox))
	}
	if todo.Address != "" {
		steps = append(steps, t.T("Your account gets its address %(email)s back.", "email", todo.Address))
	}
	return steps
}

// rescued says what the link has done, and nothing else.
func rescued(t *i18n.Translator, done accounts.Rescue) []string {
	steps := []string{t.T("Every session of your account has ended.")}
	if done.Mailbox != "" {
		steps = append(steps, t.T("Your password no longer works, and a link to a new one is on its way to %(email)s.", "email", done.Mailbox))
	}
	if done.Address != "" {
		steps = append(steps, t.T("Your account has its address %(email)s back.", "email", done.Address))
	}
	return steps
}

// rejectRescue answers where the link did nothing.
func (v *Views) rejectRescue(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, accounts.ErrLink) {
		v.fail(w, r, err)
		return
	}
	t, next := v.translator(w, r), v.loginURL(r)
	if url := v.urls["password_reset"]; url != "" {
		next = requestinfo.Below(r, url)
	}
	v.rejectLink(w, r, http.StatusGone, LinkPage{
		Title: t.T("This link is used up or too old"), URL: next, Label: t.T("Go on"),
		Message: t.T("If somebody else may be in your account, choose a new password now: that ends every session."),
	})
}
