package views

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// Where users close their account, and what they see afterwards.
const (
	CloseAccountURL  = Path + "close/"
	AccountClosedURL = Path + "closed/"
)

const sayClosed = "Your account is closed"

func (v *Views) closeRoutes() []Route {
	return []Route{
		{"close_account", CloseAccountURL, form, true, v.private(v.closeAccount, form...)},
		{"account_closed", AccountClosedURL, page, false, v.account(v.accountClosed, page...)},
	}
}

// closeForm asks for the present password and for a tick.
func (v *Views) closeForm(t *i18n.Translator) *Form {
	return &Form{Submit: t.T("Close my account"), Danger: true, own: true, Fields: []*Field{
		presentPassword(t),
		{Name: "understand", Label: t.T("I understand that this cannot be undone"), Type: checkbox, Required: true},
	}}
}

// closeAccount closes the account of whoever is signed in, and ends all sessions.
func (v *Views) closeAccount(w http.ResponseWriter, r *http.Request) {
	t := v.translator(w, r)
	form := v.closeForm(t)
	if r.Method != http.MethodPost {
		flow.Emit(r.Context(), "close.form")
		v.invite(w, r, "close_account.html", form)
		return
	}
	b, err := readBody(w, r)
	if err != nil {
		v.fail(w, r, err)
		return
	}
	switch err := v.close(r, t, b, form); {
	case errors.Is(err, attempts.ErrThrottled):
		v.hold(w, r, "close_account.html", form, err)
	case err != nil:
		flow.Emit(r.Context(), "close.failed", slog.Any("error", requestinfo.LogError(err)))
		v.fail(w, r, err)
	case form.Failed():
		flow.Emit(r.Context(), "close.refused")
		v.showForm(w, r, http.StatusBadRequest, "close_account.html", form)
	case negotiate.HTML(r):
		v.redirect(w, r, AccountClosedURL)
	default:
		sayJSON(w, http.StatusOK, map[string]string{"message": sayClosed})
	}
}

// close checks the fields and closes the account. What is wrong with a field is
// written into the form.
func (v *Views) close(r *http.Request, t *i18n.Translator, b body, form *Form) error {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		return err
	}
	secret, box := form.Fields[0], form.Fields[1]
	box.takeChoice(b)
	if user, err = v.takePresentPassword(r, t, b, form, secret, user); err != nil || form.Failed() {
		return err
	}
	if err := v.config.Accounts.CloseAccount(r, user); err != nil {
		return err
	}
	flow.Emit(r.Context(), "close.done", slog.String("user", user.ID))
	return v.config.Auth.Logout(r) // the cookie goes too
}

func (v *Views) accountClosed(w http.ResponseWriter, r *http.Request) {
	v.tell(w, r, "account_closed.html", sayClosed)
}
