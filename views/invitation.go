package views

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
)

// invitedForm is the form to sign up with an invitation. The address is fixed if the
// invitation was mailed to one, since an account with it needs no other proof.
func (v *Views) invitedForm(t *i18n.Translator, email string) *Form {
	form := v.signupForm(t, "")
	if email != "" {
		field := form.field("email")
		field.Value, field.Fixed, field.Required, field.Help = email, true, true, ""
	}
	return form
}

// invitation makes an account by a link that is good for one.
func (v *Views) invitation(w http.ResponseWriter, r *http.Request) {
	ctx, token := r.Context(), r.PathValue("token")
	email, err := v.config.Accounts.Invitation(ctx, token)
	if err != nil {
		v.rejectInvitation(w, r, err)
		return
	}
	t := v.translator(w, r)
	form := v.invitedForm(t, email)
	if r.Method != http.MethodPost {
		flow.Emit(r.Context(), "invitation.form")
		v.invite(w, r, "invitation.html", form)
		return
	}
	b, err := readBody(w, r)
	if err != nil {
		v.fail(w, r, err)
		return
	}
	if email != "" {
		b["email"] = value{text: email}
	}
	created, status, err := v.signUp(r, b, form, func(r *http.Request, n auth.NewUser) (*auth.User, error) {
		user, err := v.config.Accounts.AcceptInvitation(hooks.WithRequest(r), token, n)
		if err == nil {
			flow.Emit(r.Context(), "invitation.done", slog.String("user", user.ID))
		}
		return user, err
	})
	switch {
	case err != nil:
		v.rejectInvitation(w, r, err)
	case form.Failed():
		flow.Emit(r.Context(), "signup.refused", slog.Int("status", status))
		v.showForm(w, r, status, "invitation.html", form)
	default:
		v.answerCreated(w, r, created, "")
	}
}

// rejectInvitation answers where an invitation is no good, or an outage is.
func (v *Views) rejectInvitation(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, accounts.ErrLink) {
		v.fail(w, r, err)
		return
	}
	t := v.translator(w, r)
	v.rejectLink(w, r, http.StatusGone, LinkPage{
		Title: t.T("This link is used up or too old"), URL: v.loginURL(r), Label: t.T("Log in"),
		Message: t.T("If you have made your account already, you can log in. Otherwise ask whoever invited you for another invitation."),
	})
}
