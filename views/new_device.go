package views

import (
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
)

// newDevice says whether the user is to be told of the login that is about to be
// made, because the browser is not one of theirs. The first login of an account is
// from a new device by itself, and nothing to be told of.
func (v *Views) newDevice(r *http.Request, user *auth.User) bool {
	mails := v.config.Accounts != nil && v.config.Accounts.SendsMail()
	return mails && !user.LastLogin.IsZero() && v.config.Auth.KnowsDevices() && !v.config.Auth.KnownDevice(r, user)
}

// tellOfDevice mails the notice about the session that has just been made. That it
// could not be queued is no reason to refuse the login.
func (v *Views) tellOfDevice(r *http.Request, user *auth.User) {
	if err := v.config.Accounts.NoticeNewDevice(r, user); err != nil {
		slog.ErrorContext(r.Context(), "a user could not be told of a new device", "user", user.ID, "error", err)
		return
	}
	report(r, "notice of a new device queued", "user", user.ID)
}
