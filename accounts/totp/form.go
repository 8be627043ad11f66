package totp

import (
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/auth/twofactor"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/pages"
)

var (
	sayWrongApp = i18n.Mark("This code is wrong. Enter the code that your app shows now, and check that " +
		"the clock of your phone is right.")
	sayHas = i18n.Mark("Your account has an authenticator app already. Remove it before you add another " +
		"one.")
	sayNone = i18n.Mark("Your account has no authenticator app.")
)

// codeField asks for a code by the app, or by any means if it may be a recovery code.
func codeField(t *i18n.Translator, recovery bool) *pages.Field {
	field := &pages.Field{
		Name: "code", Label: t.T("Code"), Type: "text", Autocomplete: "one-time-code", InputMode: "numeric",
		MaxLength: 64, Required: true,
	}
	if recovery {
		field.Label, field.Autocomplete, field.InputMode = t.T("Recovery code"), "off", ""
	}
	return field
}

// proofFields ask for the password, of users who have one, and for a code.
func (f *Feature) proofFields(t *i18n.Translator, user *auth.User) []*pages.Field {
	code := codeField(t, false)
	code.Label, code.InputMode = t.T("Code, or a recovery code"), ""
	return append(f.OwnPassword(t, user), code)
}

// readCode reads the field as a code, and writes into it what is wrong with it.
func readCode(b pages.Body, form *pages.Form, wrong string) twofactor.Typed {
	field := form.Field("code")
	text, ok := field.Take(b)
	if !ok {
		return twofactor.Typed{}
	}
	typed, ok := twofactor.Parse(text)
	if !ok {
		field.Errors = []string{wrong}
	}
	return typed
}

// takeCode checks the code of a user, which counts like a guess of a password. It stays unread where
// the form is refused anyway. The Method is empty for a code that is wrong.
func (f *Feature) takeCode(
	r *http.Request, b pages.Body, form *pages.Form, user *auth.User,
) (shown twofactor.Shown, err error) {
	typed := readCode(b, form, twofactor.WrongCode)
	if form.Failed() {
		return shown, nil
	}
	shown, err = f.factors.Guess(r, f.Auth(), user, typed)
	if err == nil && shown.Method == "" {
		form.Field("code").Errors = []string{twofactor.WrongCode}
	}
	return shown, err
}

// record records an event in the audit log, behind the response.
func (f *Feature) record(r *http.Request, e audit.Event) { _ = f.Auth().Audit().Add(r.Context(), e) }

// takeProof checks the password and the code of a signed-in user.
func (f *Feature) takeProof(r *http.Request, b pages.Body, form *pages.Form) (*auth.User, error) {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		return nil, err
	}
	readCode(b, form, twofactor.WrongCode) // first, since a password costs more to check
	if user, err = f.TakeOwnPassword(r, b, form, user); err != nil || form.Failed() {
		return user, err
	}
	shown, err := f.takeCode(r, b, form, user)
	if err == nil && shown.Method == twofactor.MethodRecovery {
		_, err = f.recovered(r, user)
	}
	return user, err
}

// recovered notifies a user by email that a recovery code was used, and returns how many are left.
func (f *Feature) recovered(r *http.Request, user *auth.User) (left int, err error) {
	state, err := f.factors.State(r.Context(), user)
	if err == nil && f.accounts != nil {
		f.accounts.NoticeRecoveryCode(r, user, state.RecoveryCodes)
	}
	return state.RecoveryCodes, err
}
