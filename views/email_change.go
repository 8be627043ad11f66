package views

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// Where users change their e-mail address. A link of accounts.EmailConfirmPath, in
// a mail to the new one, confirms it.
const (
	EmailChangeURL     = Path + "email/"
	EmailChangeSentURL = EmailChangeURL + "sent/"
	EmailChangeDoneURL = EmailChangeURL + "done/"
)

func (v *Views) emailRoutes() []Route {
	return []Route{
		{"email_change", EmailChangeURL, form, true, v.private(v.emailChange, form...)},
		{"email_change_sent", EmailChangeSentURL, page, true, v.private(v.emailChangeSent, page...)},
		{"email_change_confirm", accounts.EmailConfirmPath + "{token}/", form, false, v.account(v.emailConfirm, form...)},
		{"email_change_done", EmailChangeDoneURL, page, false, v.account(v.emailChangeDone, page...)},
	}
}

// emailForm asks for the new address and the present password.
func (v *Views) emailForm(t *i18n.Translator) *Form {
	return &Form{Submit: t.T("Send the link"), own: true, Fields: []*Field{
		{Name: "email", Label: t.T("New email address"), Type: "email", Autocomplete: "email", MaxLength: maxEmail, Required: true},
		presentPassword(t),
	}}
}

// presentPassword is the field by which users show that it is them.
func presentPassword(t *i18n.Translator) *Field {
	return &Field{
		Name: "password", Label: t.T("Password"), Type: "password", Autocomplete: "current-password", Required: true,
		Help: t.T("The one you have now, so that nobody else can do this while you are away."),
	}
}

// takePresentPassword checks the field against the user's password. What is wrong is
// written into it; it stays unread where the form is refused anyway. The error is an
// outage.
func (v *Views) takePresentPassword(r *http.Request, t *i18n.Translator, b body, form *Form, field *Field, user *auth.User) (*auth.User, error) {
	raw, ok := field.take(b)
	if !ok || form.Failed() {
		return user, nil
	}
	user, right, err := v.ownPassword(r, user, raw)
	if err == nil && !right {
		field.Errors = []string{t.T("Your password was entered incorrectly. Please enter it again.")}
	}
	return user, err
}

// emailChange mails a link to the new address. Whether another account has it is
// told to nobody but who can read its mail.
func (v *Views) emailChange(w http.ResponseWriter, r *http.Request) {
	t := v.translator(w, r)
	form := v.emailForm(t)
	if r.Method != http.MethodPost {
		flow.Emit(r.Context(), "email_change.form")
		v.invite(w, r, "email_change.html", form)
		return
	}
	b, err := readBody(w, r)
	if err != nil {
		v.fail(w, r, err)
		return
	}
	switch err := v.beginEmailChange(r, t, b, form); {
	case errors.Is(err, attempts.ErrThrottled):
		v.hold(w, r, "email_change.html", form, err)
	case err != nil:
		flow.Emit(r.Context(), "email_change.failed", slog.Any("error", requestinfo.LogError(err)))
		v.fail(w, r, err)
	case form.Failed():
		flow.Emit(r.Context(), "email_change.refused")
		v.showForm(w, r, http.StatusBadRequest, "email_change.html", form)
	case negotiate.HTML(r):
		v.redirect(w, r, EmailChangeSentURL)
	default:
		sayJSON(w, http.StatusOK, map[string]string{"message": "A link was sent to the new address"})
	}
}

// beginEmailChange checks the fields and mails the link. What is wrong with a field
// is written into the form.
func (v *Views) beginEmailChange(r *http.Request, t *i18n.Translator, b body, form *Form) error {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		return err
	}
	address := form.Fields[0]
	email := address.takeEmail(b)
	if email != "" && email == user.Email {
		address.Errors = []string{t.T("This is your address already.")}
	}
	if user, err = v.takePresentPassword(r, t, b, form, form.Fields[1], user); err != nil || form.Failed() {
		return err
	}
	if err := v.config.Auth.Allow(r, attempts.KindEmail, email); err != nil { // nobody is to be flooded with mails
		return err
	}
	err = v.config.Accounts.BeginEmailChange(r, user, email)
	if errors.Is(err, identity.ErrInvalidEmail) {
		address.reject(err)
		return nil
	}
	if err == nil {
		flow.Emit(r.Context(), "email_change.link_queued", slog.String("user", user.ID))
	}
	return err
}

func (v *Views) emailChangeSent(w http.ResponseWriter, r *http.Request) {
	v.tell(w, r, "email_change_sent.html", "A link was sent to the new address")
}

func (v *Views) emailChangeDone(w http.ResponseWriter, r *http.Request) {
	v.tell(w, r, "email_change_done.html", "Your email address was changed")
}

// emailConfirm shows what the link of a mail would do, and does it by POST. It asks
// for no login: whoever has the link can read mail at the new address, and it was
// asked for with the password. The page keeps the Referrer-Policy of all pages,
// same-origin, by which no other site learns the link; with no-referrer browsers
// would send "Origin: null" with the form, which Django's check of the Origin refuses.
func (v *Views) emailConfirm(w http.ResponseWriter, r *http.Request) {
	t, token := v.translator(w, r), r.PathValue("token")
	var email string
	var err error
	if r.Method == http.MethodPost {
		err = v.config.Accounts.ConfirmEmail(r, token)
	} else {
		email, err = v.config.Accounts.PendingEmail(r.Context(), token)
	}
	switch {
	case errors.Is(err, accounts.ErrLink):
		v.rejectLink(w, r, http.StatusGone, LinkPage{
			Title: t.T("This link is used up or too old"), URL: EmailChangeURL, Label: t.T("Change your email address"),
			Message: t.T("If your address has not been changed yet, ask for a new link."),
		})
	case errors.Is(err, accounts.ErrEmailTaken):
		v.rejectLink(w, r, http.StatusConflict, LinkPage{
			Title: t.T("Another account uses this address"), URL: EmailChangeURL, Label: t.T("Change your email address"),
			Message: t.T("Please choose another one, or log in to that account."),
		})
	case err != nil:
		v.fail(w, r, err)
	case r.Method != http.MethodPost && negotiate.HTML(r):
		v.Render(w, r, http.StatusOK, "email_change_confirm.html", email)
	case r.Method != http.MethodPost:
		sayJSON(w, http.StatusOK, map[string]string{"message": "Send a POST to use this address", "email": email})
	case negotiate.HTML(r):
		flow.Emit(r.Context(), "email_change.done")
		v.redirect(w, r, EmailChangeDoneURL)
	default:
		flow.Emit(r.Context(), "email_change.done")
		sayJSON(w, http.StatusOK, map[string]string{"message": "Your email address was changed"})
	}
}
