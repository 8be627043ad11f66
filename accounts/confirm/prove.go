package confirm

import (
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/twofactor"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/pages"
	"github.com/coatcheck/coatcheck/sessions"
)

// What is said about a form that shows nothing.
var (
	sayEmpty = i18n.Mark("Enter your password or a code.")
	sayNone  = i18n.Mark("Your account has no password, passkey or app here. Log out, and log in again " +
		"to confirm that it is you.")
)

// prove checks what was sent, each of which has to be right, and stores when that was. What is
// wrong is written into the form.
func (f *Feature) prove(r *http.Request, b pages.Body, form *pages.Form, m Means, user *auth.User) error {
	if m.None() || len(form.Fields) == 0 {
		form.Errors, form.Status = []string{sayNone}, http.StatusForbidden
		return nil
	}
	method, user, err := f.takePassword(r, b, form, m, user)
	if err == nil && m.Code && !form.Failed() {
		var shown string
		if shown, err = f.takeCode(r, b, form, user); shown != "" {
			method = shown
		}
	}
	switch {
	case err != nil || form.Failed():
		return err
	case method == "":
		form.Errors = []string{sayEmpty}
		return nil
	}
	return f.Auth().ProveAgain(r, auth.Proof{Method: method})
}

// takePassword checks the password where one was sent. The method is empty where none was, or a
// wrong one.
func (f *Feature) takePassword(
	r *http.Request, b pages.Body, form *pages.Form, m Means, user *auth.User,
) (method string, known *auth.User, err error) {
	if !m.Password {
		return "", user, nil
	}
	known, err = f.TakeOwnPassword(r, b, form, user)
	if err != nil || form.Failed() || b["password"].Text == "" {
		return "", known, err
	}
	return "password", known, nil
}

// takeCode checks the code where one was sent. The method is empty where none was, or a wrong one.
func (f *Feature) takeCode(
	r *http.Request, b pages.Body, form *pages.Form, user *auth.User,
) (method string, err error) {
	field := form.Field("code")
	text, sent := field.Take(b)
	if !sent {
		return "", nil
	}
	typed, ok := twofactor.Parse(text)
	if !ok {
		field.Errors = []string{twofactor.WrongCode}
		return "", nil
	}
	shown, err := f.factors.Guess(r, f.Auth(), user, typed)
	if err != nil {
		return "", err
	}
	if shown.Method == "" {
		field.Errors = []string{twofactor.WrongCode}
		return "", nil
	}
	session, err := sessions.FromContext(r.Context())
	if err == nil {
		err = shown.Keep(r.Context(), session, nil)
	}
	if err == nil && shown.Method == twofactor.MethodRecovery {
		err = f.recovered(r, user)
	}
	return shown.Method, err
}

// recovered notifies a user by email that a recovery code was used.
func (f *Feature) recovered(r *http.Request, user *auth.User) error {
	state, err := f.factors.State(r.Context(), user)
	if err == nil && f.accounts != nil {
		f.accounts.NoticeRecoveryCode(r, user, state.RecoveryCodes)
	}
	return err
}
