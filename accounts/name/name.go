// Package name is the page by which users change their first and last name.
// It is on floor 4, the views: a feature.
package name

import (
	"embed"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/pages"
)

// URL is where users change their name.
const URL = pages.Path + "name/"

// maxName is the number of characters of each column (Django: AbstractUser.first_name).
const maxName = 150

//go:embed *.html openapi.json
var files embed.FS

// Feature is the page.
type Feature struct{ *pages.Kit }

// New returns the feature.
func New(k *pages.Kit) *Feature { return &Feature{k} }

// Files are the page, and its description.
func (*Feature) Files() fs.FS { return files }

// Routes are the addresses: none for a user model without names.
func (f *Feature) Routes() []pages.Route {
	if !f.Auth().HasNames() {
		return nil
	}
	return []pages.Route{
		f.PrivatePage("name", URL, f.change, pages.GETAndPOST...).InMenu(i18n.Mark("Name")),
	}
}

// change shows the name of the signed-in user and stores what is sent. A part that is not
// sent stays as it is.
func (f *Feature) change(w http.ResponseWriter, r *http.Request) {
	t := f.Translator(w, r)
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		f.Fail(w, r, err)
		return
	}
	changed := *user
	f.ServeForm(w, r, pages.FormView{
		Template: "name.html",
		Shown:    "profile.form", Refused: "profile.refused", Failed: "profile.failed",
		Form: func(pages.Body) *pages.Form {
			return &pages.Form{Submit: t.T("Save"), Fields: []*pages.Field{
				part("first_name", t.T("First name"), "given-name", user.FirstName),
				part("last_name", t.T("Last name"), "family-name", user.LastName),
			}}
		},
		Act: func(b pages.Body, form *pages.Form) error { return f.save(r, b, form, &changed) },
		Done: func(*pages.Form) {
			f.ProfileChanged(w, r, &changed, t.T("Your name was changed."), "Name changed successfully")
		},
	})
}

// part is the field of a part of the name.
func part(name, label, autocomplete, value string) *pages.Field {
	return &pages.Field{
		Name: name, Label: label, Type: "text", Autocomplete: autocomplete, MaxLength: maxName, Value: value,
	}
}

// save stores the parts that were sent. What is wrong with one is written into the form.
func (f *Feature) save(r *http.Request, b pages.Body, form *pages.Form, user *auth.User) error {
	for name, into := range map[string]*string{"first_name": &user.FirstName, "last_name": &user.LastName} {
		if _, sent := b[name]; sent {
			*into = take(form.Field(name), b)
		}
	}
	if form.Failed() {
		return nil
	}
	err := f.Auth().UpdateName(hooks.WithRequest(r), user)
	if form.RejectUnstorable(err) {
		return nil
	}
	if err == nil {
		flow.Emit(r.Context(), "profile.changed", slog.String("user", user.ID))
	}
	return err
}

// take reads a part of the name, without the spaces around it.
func take(field *pages.Field, b pages.Body) string {
	text, _ := field.Take(b)
	text = strings.TrimSpace(text)
	field.Value = text
	if n := utf8.RuneCountInString(text); n > maxName {
		field.Reject(identity.TooLong(maxName, n))
	}
	return text
}
