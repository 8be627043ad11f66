package totp

import (
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/pages"
)

// owner returns the user of a request who has an app. Otherwise it responds, and returns nil.
func (f *Feature) owner(w http.ResponseWriter, r *http.Request) *auth.User {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		f.Fail(w, r, err)
		return nil
	}
	state, err := f.factors.State(r.Context(), user)
	switch {
	case err != nil:
		f.Fail(w, r, err)
		return nil
	case !state.Has():
		f.leave(w, r, sayNone)
		return nil
	}
	return user
}

// renew replaces the recovery codes of the user, and shows the new ones.
func (f *Feature) renew(w http.ResponseWriter, r *http.Request) {
	user := f.owner(w, r)
	if user == nil {
		return
	}
	t := f.Translator(w, r)
	var codes []string
	f.ServeForm(w, r, pages.FormView{
		Template: "recovery_codes.html",
		Shown:    "two_factor.form", Refused: "two_factor.refused", Failed: "two_factor.failed",
		Form: func(pages.Body) *pages.Form {
			return &pages.Form{Submit: t.T("Show new codes"), Own: true, Fields: f.proofFields(t, user)}
		},
		Act: func(b pages.Body, form *pages.Form) error {
			user, err := f.takeProof(r, b, form)
			if err != nil || form.Failed() {
				return err
			}
			codes, err = f.factors.NewRecoveryCodes(r.Context(), user)
			if err == nil {
				flow.Emit(r.Context(), "two_factor.codes", slog.String("user", user.ID))
				f.record(r, audit.Event{Code: "recovery-codes-replaced", User: user, Request: r})
			}
			return err
		},
		Done: func(*pages.Form) {
			f.showCodes(w, r, codes, "These recovery codes replace those before", URL)
		},
	})
}

// remove removes the app of the user, with the recovery codes.
func (f *Feature) remove(w http.ResponseWriter, r *http.Request) {
	user := f.owner(w, r)
	if user == nil {
		return
	}
	t := f.Translator(w, r)
	f.ServeForm(w, r, pages.FormView{
		Template: "two_factor_remove.html",
		Shown:    "two_factor.form", Refused: "two_factor.refused", Failed: "two_factor.failed",
		Form: func(pages.Body) *pages.Form {
			return &pages.Form{
				Submit: t.T("Remove the app"), Danger: true, Own: true, Fields: f.proofFields(t, user),
			}
		},
		Act: func(b pages.Body, form *pages.Form) error {
			user, err := f.takeProof(r, b, form)
			if err != nil || form.Failed() {
				return err
			}
			removed, err := f.factors.Remove(r.Context(), user)
			if err != nil || !removed {
				return err
			}
			flow.Emit(r.Context(), "two_factor.removed", slog.String("user", user.ID))
			if f.accounts != nil {
				f.accounts.NoticeFactorRemoved(r, user)
			}
			return nil
		},
		Done: func(*pages.Form) {
			f.Finish(w, r, URL, t.T("The app is removed. Your logins ask for no code any more."),
				"The authenticator app was removed")
		},
	})
}
