// Package passwordchange is the page by which signed-in users choose another password.
// It is on floor 4, the views: a feature.
package passwordchange

import (
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/pages"
	"github.com/coatcheck/coatcheck/safeurl"
)

// Where the pages are.
const (
	URL     = pages.Path + "password_change/"
	DoneURL = URL + "done/"
)

//go:embed *.html openapi.json
var files embed.FS

// Feature is the pages.
type Feature struct {
	*pages.Kit
	accounts *accounts.Service // nil where the database lacks their tables
}

// New returns the pages. The service may be nil: then other sessions end by the password
// alone, and no notice is sent.
func New(k *pages.Kit, a *accounts.Service) *Feature { return &Feature{k, a} }

// Files are the pages, and their description.
func (*Feature) Files() fs.FS { return files }

// Routes are the addresses.
func (f *Feature) Routes() []pages.Route {
	return []pages.Route{
		f.PrivatePage("password_change", URL, f.change, pages.GETAndPOST...).
			InMenu(i18n.Mark("Password")),
		f.PrivatePage("password_change_done", DoneURL, f.done, pages.GET...),
	}
}

// form has Django's fields. The body is that of the request, or nil.
func (f *Feature) form(t *i18n.Translator, b pages.Body) *pages.Form {
	old := &pages.Field{
		Name: "old_password", Label: t.T("Old password"), Type: "password",
		Autocomplete: "current-password", Required: true,
	}
	return &pages.Form{
		Submit: t.T("Change my password"), Own: true,
		Fields: append([]*pages.Field{old}, f.NewPassword(t, b)...),
	}
}

// change sets another password for the user of the session, which stays signed in.
func (f *Feature) change(w http.ResponseWriter, r *http.Request) {
	t := f.Translator(w, r)
	f.ServeForm(w, r, pages.FormView{
		Template: "password_change.html",
		Shown:    "password_change.form",
		Refused:  "password_change.refused", Failed: "password_change.failed",
		Form: func(b pages.Body) *pages.Form { return f.form(t, b) },
		Act:  func(b pages.Body, form *pages.Form) error { return f.set(w, r, t, b, form) },
		Done: func(*pages.Form) {
			f.Finish(w, r, safeurl.LoginRedirectURL, t.T("Your password was changed.")+" "+
				t.T("Wherever else you were signed in, you are signed out."), "Password changed successfully")
		},
	})
}

// sayWrong is Django's sentence about the old password.
var sayWrong = i18n.Mark("Your old password was entered incorrectly. Please enter it again.")

// set checks the fields and sets the password. What is wrong with a field is written into
// the form. A known device ends with the password, so the browser becomes one anew.
func (f *Feature) set(
	w http.ResponseWriter, r *http.Request, t *i18n.Translator, b pages.Body, form *pages.Form,
) error {
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		return err
	}
	old := form.Fields[0]
	if user, err = f.TakePresentPassword(r, b, form, old, user, sayWrong); err != nil {
		return err
	}
	raw, err := f.TakeNewPassword(r.Context(), t, b, form.Fields[1:], user)
	if err != nil || form.Failed() {
		return err
	}
	err = f.replace(r, user, raw)
	switch {
	case errors.Is(err, auth.ErrPasswordChanged): // the old one was right a moment ago
		old.Errors = []string{sayWrong}
		return nil
	case errors.Is(err, auth.ErrSamePassword):
		form.Fields[len(form.Fields)-1].Reject(pages.ErrSamePassword)
		return nil
	case err != nil:
		return err
	}
	flow.Emit(r.Context(), "password_change.done", slog.String("user", user.ID))
	return f.Auth().SetDeviceCookie(w, r, user)
}

// replace sets the password of the user of the request, where it still is that of user.
func (f *Feature) replace(r *http.Request, user *auth.User, raw string) error {
	if f.accounts != nil {
		return f.accounts.ChangePassword(r, user, raw)
	}
	if err := f.Auth().ReplacePassword(r.Context(), user, raw); err != nil {
		return err
	}
	return f.Auth().UpdateSessionAuthHash(r, user)
}

// done reports that the password was changed.
func (f *Feature) done(w http.ResponseWriter, r *http.Request) {
	f.Arrive(w, r, safeurl.LoginRedirectURL, i18n.Mark("Your password was changed."))
}
