package pages

import (
	"context"
	"errors"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/password/validate"
)

// maxPassword is how many bytes a new password has at most. Hashing is bounded
// by the limit of the body as well; this one is for the stored account.
const maxPassword = 4096

var errPasswordTooLong = &identity.FieldError{
	Code:    "max_length",
	Message: i18n.Mark("This password is too long: at most 4,096 bytes can be used."),
}

// ErrSamePassword is said about a new password that is the present one.
var ErrSamePassword = &identity.FieldError{
	Code: "password_unchanged", Message: i18n.Mark("This is the present password. Choose another one, so " +
		"that nobody who knows it stays in."),
}

// newPasswordAgain may be sent to have the new password compared with itself.
// Django's forms have it; ours do not, since they can show what is typed.
const newPasswordAgain = "new_password2"

// NewPassword returns the fields that ask for a new password, and for the same again only
// where that was sent.
func (k *Kit) NewPassword(t *i18n.Translator, b Body) []*Field {
	fields := []*Field{{
		Name: "new_password1", Label: t.T("New " +
			"password"), Type: "password", Autocomplete: "new-password", Required: true,
		Rules: k.config.Auth.PasswordRulesIn(t),
	}}
	if _, sent := b[newPasswordAgain]; sent {
		fields = append(fields, &Field{
			Name: newPasswordAgain, Label: t.T("New password " +
				"confirmation"), Type: "password", Autocomplete: "new-password", Required: true,
		})
	}
	return fields
}

// TakeNewPassword reads the fields of NewPassword for a user. What is wrong is written into
// them; as in Django what the validators say stands at the last one. The error is a failure.
func (k *Kit) TakeNewPassword(
	ctx context.Context, t *i18n.Translator, b Body, fields []*Field, user *auth.User) (string, error,
) {
	first, last := fields[0], fields[len(fields)-1]
	raw, ok := first.Take(b)
	if last != first {
		again, sent := last.Take(b)
		if ok && sent && again != raw {
			last.Errors = []string{t.T("The two password fields didn’t match.")}
		}
		ok = ok && len(last.Errors) == 0
	}
	if !ok || !first.boundPassword(raw) {
		return "", nil
	}
	return raw, k.Judge(ctx, last, raw, user)
}

// TakeFirstPassword reads the field for the password of a new account.
func (f *Field) TakeFirstPassword(b Body) string {
	raw, ok := f.Take(b)
	if ok {
		f.boundPassword(raw)
	}
	return raw
}

// boundPassword rejects a password that is too long.
func (f *Field) boundPassword(raw string) bool {
	if len(raw) > maxPassword {
		f.Reject(errPasswordTooLong)
		return false
	}
	return true
}

// Judge writes into the field what the validators say against a new password of a user. The
// error is a failure.
func (k *Kit) Judge(ctx context.Context, secret *Field, raw string, user *auth.User) error {
	err := k.config.Validate(ctx, raw, user)
	if wrong := validate.Errors(nil); errors.As(err, &wrong) {
		secret.Reject(wrong)
		return nil
	}
	return err
}

// Reasons returns why the field was rejected, by the codes of the errors.
func (f *Field) Reasons(t *i18n.Translator) map[string]string {
	all := map[string]string{}
	one, several := (*identity.FieldError)(nil), validate.Errors(nil)
	switch {
	case errors.As(f.cause, &several):
		for _, reason := range several {
			all[reason.Code] = reason.MessageIn(t)
		}
	case errors.As(f.cause, &one):
		all[one.Code] = one.MessageIn(t)
	}
	return all
}

// PresentPassword is the field by which users show that it is them.
func PresentPassword(t *i18n.Translator) *Field {
	return &Field{
		Name: "password", Label: t.T("Password"), Type: "password", Autocomplete: "current-password",
		Required: true,
		Help:     t.T("The one you have now, so that nobody else can do this while you are away."),
	}
}

// TakePresentPassword checks the field against the user's password, and returns the user as
// stored by now. What is wrong is written into the field, as the sentence; it stays unread
// where the form is refused anyway. The error is a failure.
func (k *Kit) TakePresentPassword(
	r *http.Request, b Body, form *Form, field *Field, user *auth.User, sentence string,
) (*auth.User, error) {
	raw, ok := field.Take(b)
	if !ok || form.Failed() {
		return user, nil
	}
	user, right, err := k.ownPassword(r, user, raw)
	if err == nil && !right {
		field.Errors = []string{sentence}
	}
	return user, err
}

// OwnPassword is the field of PresentPassword for a user who has a password, and none for others.
func (k *Kit) OwnPassword(t *i18n.Translator, user *auth.User) []*Field {
	if !user.Password.Usable() {
		return nil
	}
	return []*Field{PresentPassword(t)}
}

// TakeOwnPassword is TakePresentPassword for the field of OwnPassword, if the user has it.
func (k *Kit) TakeOwnPassword(r *http.Request, b Body, form *Form, user *auth.User) (*auth.User, error) {
	if !user.Password.Usable() {
		return user, nil
	}
	return k.TakePresentPassword(r, b, form, form.Field("password"), user, WrongPassword)
}

// WrongPassword is Django's sentence about a present password.
var WrongPassword = i18n.Mark("Your password was entered incorrectly. Please enter it again.")

// ownPassword reports whether this is the password of the user of the request, by the
// backends and so counted like a login. It returns the user as stored by now: an old
// hash may have been renewed, over which nobody is to be signed out.
func (k *Kit) ownPassword(r *http.Request, user *auth.User, raw string) (*auth.User, bool, error) {
	known, err := k.config.Auth.Authenticate(r.Context(), auth.Credentials{
		Request:  r,
		Username: user.Username, Password: raw,
	})
	if errors.Is(err, auth.ErrInvalidCredentials) || err == nil && known.ID != user.ID {
		return user, false, nil
	}
	if err != nil {
		return user, false, err
	}
	if known.Password.Encoded() != user.Password.Encoded() {
		err = k.config.Auth.UpdateSessionAuthHash(r, known)
	}
	return known, true, err
}
