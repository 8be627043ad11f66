// Package profile lets users change the fields of the user model that their profile shows; see
// userfields. It is one of the features of floor 4, the views.
package profile

import (
	"embed"
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/pages"
)

// URL is where users change their fields. The profile itself is at pages.Path + "profile/".
const URL = pages.Path + "profile/edit/"

//go:embed *.html openapi.json
var files embed.FS

// Feature is the page to change fields.
type Feature struct{ *pages.Kit }

// New returns the feature.
func New(k *pages.Kit) *Feature { return &Feature{k} }

// Files are the pages, and their description.
func (*Feature) Files() fs.FS { return files }

// Routes are the addresses: none without fields on the profile.
func (f *Feature) Routes() []pages.Route {
	if !f.HasProfileFields() {
		return nil
	}
	return []pages.Route{f.PrivatePage("profile_edit", URL, f.edit, pages.GETAndPOST...).
		InMenu(i18n.Mark("Details"))}
}

// edit shows the fields of the signed-in user and stores what is sent. A field that is not
// sent stays as it is.
func (f *Feature) edit(w http.ResponseWriter, r *http.Request) {
	t := f.Translator(w, r)
	user, err := auth.UserFromContext(r.Context())
	var fields []*pages.Field
	if err == nil {
		fields, err = f.ProfileFields(t, user)
	}
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	changed := *user
	f.ServeForm(w, r, pages.FormView{
		Template: "profile_edit.html",
		Shown:    "profile.form", Refused: "profile.refused", Failed: "profile.failed",
		Form: func(pages.Body) *pages.Form { return &pages.Form{Submit: t.T("Save"), Fields: fields} },
		Act:  func(b pages.Body, form *pages.Form) error { return f.save(r, b, form, &changed) },
		Done: func(*pages.Form) {
			f.ProfileChanged(w, r, &changed, t.T("Your details were changed."),
				"Profile changed successfully")
		},
	})
}

// save stores the fields that were sent. What is wrong with one is written into the form.
func (f *Feature) save(r *http.Request, b pages.Body, form *pages.Form, user *auth.User) error {
	values := pages.TakeDeclared(b, form.SentFields(b))
	if form.Failed() || len(values) == 0 {
		return nil
	}
	err := f.Auth().UpdateFields(hooks.WithRequest(r), user, values)
	if form.RejectUnstorable(err) {
		return nil
	}
	if err == nil {
		flow.Emit(r.Context(), "profile.changed", slog.String("user", user.ID))
	}
	return err
}
