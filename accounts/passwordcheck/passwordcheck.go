// Package passwordcheck tells a page, while a password is being chosen, what the validators would
// say against it. It is on floor 4, the views: a feature.
package passwordcheck

import (
	"embed"
	"io/fs"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/pages"
)

// URL is where the script of the pages asks.
const URL = pages.Path + "password_check/"

//go:embed openapi.json
var files embed.FS

// Feature is the address.
type Feature struct{ *pages.Kit }

// New returns the feature.
func New(k *pages.Kit) *Feature { return &Feature{k} }

// Files are its description.
func (*Feature) Files() fs.FS { return files }

// Routes are the addresses.
func (f *Feature) Routes() []pages.Route {
	return []pages.Route{f.Page("password_check", URL, f.check, http.MethodPost)}
}

// Answer is the JSON about a password that was read: what is wrong, by the codes of
// validate.Error. It is empty for one that may be used.
type Answer struct {
	Errors map[string]string `json:"errors"`
}

// check responds in JSON whatever the client accepts. It stores nothing. Whose password it would
// be is the user who is signed in, or else the names and the address that are sent along.
func (f *Feature) check(w http.ResponseWriter, r *http.Request) {
	r = r.Clone(r.Context())
	r.Header.Set("Accept", "application/json")
	t, judged := f.Translator(w, r), &pages.Field{Name: "password"}
	f.ServeForm(w, r, pages.FormView{
		Form: func(pages.Body) *pages.Form {
			return &pages.Form{Fields: []*pages.Field{
				{Name: "username"},
				{Name: "email"},
				{Name: "first_name"},
				{Name: "last_name"},
				{Name: "password", Label: t.T("Password"), Required: true},
			}}
		},
		Act:  func(b pages.Body, form *pages.Form) error { return f.judge(r, b, form, judged) },
		Done: func(*pages.Form) { pages.JSON(w, http.StatusOK, Answer{judged.Reasons(t)}) },
	})
}

// judge reads the form, and rejects another field by what would be said against the password: that
// is no mistake of the form, which only asks.
func (f *Feature) judge(r *http.Request, b pages.Body, form *pages.Form, judged *pages.Field) error {
	if err := f.Auth().Allow(r, attempts.KindCheck, ""); err != nil {
		return err
	}
	user, err := auth.UserFromContext(r.Context())
	if err != nil {
		return err
	}
	sent := func(name string) string { text, _ := form.Field(name).Take(b); return text }
	if !user.IsAuthenticated() {
		user = &auth.User{
			Username: sent("username"), Email: sent("email"),
			FirstName: sent("first_name"), LastName: sent("last_name"),
		}
	}
	sent("password")
	if form.Failed() {
		return nil
	}
	raw := judged.TakeFirstPassword(b)
	if len(judged.Errors) > 0 {
		return nil
	}
	return f.Judge(r.Context(), judged, raw, user)
}
