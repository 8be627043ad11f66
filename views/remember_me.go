package views

import (
	"net/http"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/sessions"
)

// rememberName is the field of the box "Remember me".
const rememberName = "remember"

func rememberField(t *i18n.Translator) *Field {
	return &Field{Name: rememberName, Label: t.T("Remember me on this device"), Type: checkbox, Checked: true}
}

// takeRemember reads the box: "yes", "no", or "" where the form has none or the
// client did not send it.
func takeRemember(b body, form *Form) string {
	for _, field := range form.Fields {
		if field.Name == rememberName {
			return field.takeChoice(b)
		}
	}
	return ""
}

// setLife makes the session of the request end with the browser, or live as long as
// SESSION_COOKIE_AGE says even where the site's sessions end with the browser. A
// client that did not choose leaves it as it is. The choice is kept in the session,
// so that it stays when the session gets another key. Django: set_expiry(0) and
// set_expiry(None).
func setLife(r *http.Request, remember string) error {
	if remember == "" {
		return nil
	}
	ctx := r.Context()
	session, err := sessions.FromContext(ctx)
	if err != nil {
		return err
	}
	if remember == no {
		flow.Emit(r.Context(), "login.until_close")
		return session.SetExpireAtBrowserClose(ctx)
	}
	if err := session.ClearExpiry(ctx); err != nil {
		return err
	}
	closes, err := session.ExpiresAtBrowserClose(ctx)
	if err != nil || !closes {
		return err
	}
	age, err := session.ExpiryAge(ctx)
	if err != nil {
		return err
	}
	return session.SetExpiryAge(ctx, age)
}
