package signup

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/pages"
)

// invitedForm is the form to sign up with an invitation. The address is fixed if the
// invitation was sent to one, since an account with it needs no other proof.
func (f *Feature) invitedForm(t *i18n.Translator, email string) *pages.Form {
	form := f.form(t, "")
	if email != "" {
		field := form.Field("email")
		field.Value, field.Fixed, field.Required, field.Help = email, true, true, ""
	}
	return form
}

// invitation creates an account by a link that is good for one.
func (f *Feature) invitation(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	email, err := f.accounts.Invitation(r.Context(), token)
	if err != nil {
		f.rejectInvitation(w, r, err)
		return
	}
	t := f.Translator(w, r)
	var created *auth.User
	f.ServeForm(w, r, pages.FormView{
		Template: "invitation.html",
		Shown:    "invitation.form", Refused: "signup.refused", Failed: "signup.failed",
		Form: func(pages.Body) *pages.Form { return f.invitedForm(t, email) },
		Act: func(b pages.Body, form *pages.Form) (err error) {
			if email != "" {
				b["email"] = pages.Value{Text: email}
			}
			created, err = f.signUp(r, b, form, f.accept(token))
			return err
		},
		Done: func(*pages.Form) { f.sayCreated(w, r, created, "") },
		Fail: func(err error) { f.rejectInvitation(w, r, err) },
	})
}

// accept is an opener that uses an invitation up.
func (f *Feature) accept(token string) opener {
	return func(r *http.Request, n auth.NewUser) (*auth.User, error) {
		user, err := f.accounts.AcceptInvitation(hooks.WithRequest(r), token, n)
		if err == nil {
			flow.Emit(r.Context(), "invitation.done", slog.String("user", user.ID))
		}
		return user, err
	}
}

// rejectInvitation responds where an invitation is no good, or a failure is.
func (f *Feature) rejectInvitation(w http.ResponseWriter, r *http.Request, err error) {
	if !errors.Is(err, accounts.ErrLink) {
		f.Fail(w, r, err)
		return
	}
	t := f.Translator(w, r)
	f.RejectLink(w, r, http.StatusGone, pages.LinkPage{
		Title: t.T(pages.TooOld), URL: f.LoginURL(r), Label: t.T("Log in"),
		Message: t.T("If you have made your account already, you can log in. Otherwise ask the person " +
			"who invited you for another invitation."),
	})
}
