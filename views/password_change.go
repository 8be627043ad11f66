package views

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/password/validate"
)

// newPasswordAgain may be sent to have the new password compared with itself.
// Django's forms have it; ours do not, since they can show what is typed.
const newPasswordAgain = "new_password2"

var errSamePassword = &identity.FieldError{
	Code: "password_unchanged", Message: i18n.Mark("This is the present password. Choose another one, so that nobody who knows it stays in."),
}

// passwordChangeForm has Django's fields. The body is that of the request, or nil.
func (v *Views) passwordChangeForm(t *i18n.Translator, b body) *Form {
	old := &Field{
		Name: "old_password", Label: t.T("Old password"), Type: "password", Autocomplete: "current-password", Required: true,
	}
	return &Form{Submit: t.T("Change my password"), own: true, Fields: append([]*Field{old}, v.newPasswordFields(t, b)...)}
}

// newPasswordFields ask for a new password, and for the same again only where that
// was sent.
func (v *Views) newPasswordFields(t *i18n.Translator, b body) []*Field {
	fields := []*Field{{
		Name: "new_password1", Label: t.T("New password"), Type: "password", Autocomplete: "new-password", Required: true,
		Rules: v.config.Auth.PasswordHelpTextsIn(t),
	}}
	if _, sent := b[newPasswordAgain]; sent {
		fields = append(fields, &Field{
			Name: newPasswordAgain, Label: t.T("New password confirmation"), Type: "password", Autocomplete: "new-password", Required: true,
		})
	}
	return fields
}

// takeNewPassword reads what newPasswordFields ask for. What is wrong with it is
// written into them; as in Django what the validators say stands at the last one.
// The error is an outage.
func (v *Views) takeNewPassword(ctx context.Context, t *i18n.Translator, b body, fields []*Field, user *auth.User) (string, error) {
	first, last := fields[0], fields[len(fields)-1]
	raw, ok := first.take(b)
	if last != first {
		again, sent := last.take(b)
		if ok && sent && again != raw {
			last.Errors = []string{t.T("The two password fields didn’t match.")}
		}
		ok = ok && len(last.Errors) == 0
	}
	if !ok {
		return "", nil
	}
	if len(raw) > maxPassword {
		first.reject(errPasswordTooLong)
		return "", nil
	}
	err := v.config.Validate(ctx, raw, user)
	var wrong validate.Errors
	if errors.As(err, &wrong) {
		last.reject(wrong)
		return "", nil
	}
	return raw, err
}

// passwordChange sets another password for the user of the session, which stays
// signed in.
func (v *Views) passwordChange(w http.ResponseWriter, r *http.Request) {
	t := v.translator(w, r)
	if r.Method != http.MethodPost {
		flow.Emit(r.Context(), "password_change.form")
		v.invite(w, r, "password_change.html", v.passwordChangeForm(t, nil))
		return
	}
	b, err := readBody(w, r)
	if err != nil {
		v.fail(w, r, err)
		return
	}
	form := v.passwordChangeForm(t, b)
	switch err := v.changePassword(w, r, t, b, form); {
	case err != nil:
		flow.Emit(r.Context(), "password_change.failed", slog.Any("error", requestinfo.LogError(err)))
		v.fail(w, r, err)
	case form.Failed():
		flow.Emit(r.Context(), "password_change.refused")
		v.showForm(w, r, http.StatusBadRequest, "password_change.html", form)
	case negotiate.HTML(r):
		v.redirect(w, r, requestinfo.Below(r, PasswordChangeDoneURL))
	default:
		sayJSON(w, http.StatusOK, map[string]string{"message": "Password changed successfully"})
	}
}

// changePassword checks the fields and sets the password. What is wrong with a
// field is written into the form. A known device ends with the password, so the
// browser becomes one anew.
func (v *Views) changePassword(w http.ResponseWriter, r *http.Request, t *i18n.Translator, b body, form *Form) error {
	ctx := r.Context()
	user, err := auth.UserFromContext(ctx)
	if err != nil {
		return err
	}
	old := form.Fields[0]
	if raw, ok := old.take(b); ok {
		var right bool
		if user, right, err = v.ownPassword(r, user, raw); err != nil {
			return err
		}
		if !right {
			old.Errors = []string{t.T("Your old password was entered incorrectly. Please enter it again.")}
		}
	}
	raw, err := v.takeNewPassword(ctx, t, b, form.Fields[1:], user)
	if err != nil || form.Failed() {
		return err
	}
	err = v.replacePassword(r, user, raw)
	switch {
	case errors.Is(err, auth.ErrPasswordChanged): // the old one was right a moment ago
		old.Errors = []string{t.T("Your old password was entered incorrectly. Please enter it again.")}
		return nil
	case errors.Is(err, auth.ErrSamePassword):
		form.Fields[len(form.Fields)-1].reject(errSamePassword)
		return nil
	}
	if err != nil {
		return err
	}
	flow.Emit(r.Context(), "password_change.done", slog.String("user", user.ID))
	return v.config.Auth.SetDeviceCookie(w, r, user)
}

// ownPassword says whether this is the password of the user of the request, by the
// backends and so counted like a login. It gives the user as stored by now: an old
// hash may have been renewed, over which nobody is to be signed out.
func (v *Views) ownPassword(r *http.Request, user *auth.User, raw string) (*auth.User, bool, error) {
	known, err := v.config.Auth.Authenticate(r.Context(), auth.Credentials{Request: r, Username: user.Username, Password: raw})
	if errors.Is(err, auth.ErrInvalidCredentials) || err == nil && known.ID != user.ID {
		return user, false, nil
	}
	if err != nil {
		return user, false, err
	}
	if known.Password.Encoded() != user.Password.Encoded() {
		err = v.config.Auth.UpdateSessionAuthHash(r, known)
	}
	return known, true, err
}

// replacePassword sets the password of the user of the request, where it still is
// that of user.
func (v *Views) replacePassword(r *http.Request, user *auth.User, raw string) error {
	if v.config.Accounts != nil {
		return v.config.Accounts.ChangePassword(r, user, raw)
	}
	if err := v.config.Auth.ReplacePassword(r.Context(), user, raw); err != nil {
		return err
	}
	return v.config.Auth.UpdateSessionAuthHash(r, user)
}

// passwordChangeDone says that the password was changed.
func (v *Views) passwordChangeDone(w http.ResponseWriter, r *http.Request) {
	v.tell(w, r, "password_change_done.html", i18n.Mark("Your password was changed."))
}

// tell shows a page that only says something; a program gets the sentence.
func (v *Views) tell(w http.ResponseWriter, r *http.Request, page, sentence string) {
	if negotiate.HTML(r) {
		v.Render(w, r, http.StatusOK, page, nil)
		return
	}
	sayJSON(w, http.StatusOK, map[string]string{"message": sentence})
}
