package views

import (
	"database/sql"
	"errors"
	"net/http"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/userfields"
)

// profileEditURL is where users change the fields of the user model that the profile shows.
const profileEditURL = ProfileURL + "edit/"

// fieldRow is a field of the visitor, in the visitor's language.
type fieldRow struct {
	Name, Label string
	Value       string // empty if there is none
}

// errUnstorable is about a text that the database cannot hold, such as an emoji in LATIN1.
var errUnstorable = &identity.FieldError{Code: "invalid", Message: i18n.Mark("Enter a valid value.")}

// fieldRoutes are those of a user model with fields on the profile.
func (v *Views) fieldRoutes() []Route {
	if len(v.declared((*userfields.Field).OnProfile)) == 0 {
		return nil
	}
	return []Route{{"profile_edit", profileEditURL, form, true, v.private(v.profileEdit, form...)}}
}

// declared returns the fields of the user model that are on a page.
func (v *Views) declared(on func(*userfields.Field) bool) []*userfields.Field {
	var all []*userfields.Field
	for i := range v.fields {
		if on(&v.fields[i]) {
			all = append(all, &v.fields[i])
		}
	}
	return all
}

// ownFields returns the fields of a form for those of the user model that are on a page.
func (v *Views) ownFields(t *i18n.Translator, on func(*userfields.Field) bool) []*Field {
	var all []*Field
	for _, declared := range v.declared(on) {
		all = append(all, ownField(t, declared))
	}
	return all
}

func ownField(t *i18n.Translator, f *userfields.Field) *Field {
	field := &Field{
		Name: f.Name, Label: t.T(f.Title()), Type: "text", Autocomplete: "on", Required: f.Required,
		declared: f,
	}
	if f.Help != "" {
		field.Help = t.T(f.Help)
	}
	field.show(f.Default)
	switch f.Type {
	case userfields.Text:
		field.MaxLength = f.Length()
	case userfields.Integer:
		field.Type = "number"
	case userfields.Boolean:
		field.Type = checkbox
	case userfields.Date:
		field.Type = "date"
	case userfields.Choice:
		field.Type = "select"
		for _, option := range f.Choices {
			option.Label = t.T(f.LabelOf(option.Value))
			field.Options = append(field.Options, option)
		}
	}
	return field
}

// show puts a value as it is typed into the field.
func (f *Field) show(text string) {
	if f.declared.Type != userfields.Boolean {
		f.Value = text
		return
	}
	ticked := userfields.Field{Type: userfields.Boolean}
	yes, err := ticked.Clean(text)
	f.Checked = err == nil && yes == true
}

// takeOwn reads the declared fields among others, and no other: what else is in the body
// sets no column. What is wrong is written into the fields. A field that was not sent has
// no value.
func takeOwn(b body, fields []*Field) map[string]any {
	var values map[string]any
	for _, field := range fields {
		if field.declared == nil {
			continue
		}
		if value, ok := field.takeDeclared(b); ok {
			if values == nil {
				values = map[string]any{}
			}
			values[field.Name] = value
		}
	}
	return values
}

// takeDeclared reads one declared field, and reports whether there is a value to be stored.
func (f *Field) takeDeclared(b body) (any, bool) {
	v, sent := b[f.Name]
	text := v.text
	switch kind := f.declared.Type; {
	case !sent && f.Required:
		f.reject(identity.ErrRequired)
		return nil, false
	case !sent:
		return nil, false
	case v.choice != "" && kind == userfields.Boolean:
		text = v.choice
	case v.number != "" && kind == userfields.Integer:
		text = v.number
	case v.notText && kind == userfields.Boolean:
		f.Errors = append(f.Errors, sayChoose)
		return nil, false
	case v.notText:
		f.Errors = append(f.Errors, sayNotText)
		return nil, false
	}
	f.show(text)
	value, err := f.declared.Clean(text)
	if err != nil {
		f.reject(err)
	}
	return value, err == nil
}

// rejectUnstorable writes into a field that the database cannot hold its text, and reports
// whether the error is about that.
func (f *Form) rejectUnstorable(err error) bool {
	var lacking *database.UnstorableError
	if !errors.As(err, &lacking) {
		return false
	}
	for _, field := range f.Fields {
		if field.declared != nil && field.Name == lacking.Field {
			field.reject(errUnstorable)
			return true
		}
	}
	return false
}

// Fields returns what the profile shows of the fields of the user model, each with Name,
// Label and Value in the visitor's language. A page that does not ask for them costs no
// query. See database.UserModel.Fields.
func (p *Page) Fields() ([]fieldRow, error) {
	if len(p.fields) == 0 {
		return nil, nil
	}
	user, err := p.User()
	if err != nil || user.IsAnonymous() {
		return nil, err
	}
	var rows []fieldRow
	for _, f := range p.fields {
		var stored sql.NullString
		if err := user.ScanExtra(f.Name, &stored); err != nil {
			return nil, err
		}
		row := fieldRow{f.Name, p.T(f.Title()), f.Words(stored.String)}
		switch {
		case f.Type == userfields.Choice && row.Value != "":
			row.Value = p.T(f.LabelOf(row.Value))
		case f.Type == userfields.Boolean && row.Value == yes:
			row.Value = p.T("Yes")
		case f.Type == userfields.Boolean:
			row.Value = p.T("No")
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// fieldValues returns the fields that the profile shows, for JSON, by name.
func (v *Views) fieldValues(u *auth.User) (map[string]any, error) {
	var values map[string]any
	for _, f := range v.declared((*userfields.Field).OnProfile) {
		var stored sql.NullString
		if err := u.ScanExtra(f.Name, &stored); err != nil {
			return nil, err
		}
		if values == nil {
			values = map[string]any{}
		}
		values[f.Name] = f.Value(stored.String, !stored.Valid)
	}
	return values, nil
}

// profileForm has the fields with what is stored.
func (v *Views) profileForm(t *i18n.Translator, u *auth.User) (*Form, error) {
	form := &Form{Submit: t.T("Save"), Fields: v.ownFields(t, (*userfields.Field).OnProfile)}
	for _, field := range form.Fields {
		var stored sql.NullString
		if err := u.ScanExtra(field.Name, &stored); err != nil {
			return nil, err
		}
		field.show(field.declared.Words(stored.String))
	}
	return form, nil
}

// profileEdit shows the fields of the signed-in user and stores what is sent. A field that
// is not sent stays as it is.
func (v *Views) profileEdit(w http.ResponseWriter, r *http.Request) {
	t := v.translator(w, r)
	user, err := auth.UserFromContext(r.Context())
	var form *Form
	if err == nil {
		form, err = v.profileForm(t, user)
	}
	var b body
	if err == nil && r.Method == http.MethodPost {
		b, err = readBody(w, r)
	}
	if err != nil {
		v.fail(w, r, err)
		return
	}
	if r.Method != http.MethodPost {
		report(r, "form for the profile shown")
		v.invite(w, r, "profile_edit.html", form)
		return
	}
	changed := *user
	switch err := v.saveProfile(r, b, form, &changed); {
	case err != nil:
		report(r, "profile not changed", "error", requestinfo.LogError(err))
		v.fail(w, r, err)
	case form.Failed():
		report(r, "change of the profile refused")
		v.showForm(w, r, http.StatusBadRequest, "profile_edit.html", form)
	case negotiate.HTML(r):
		v.redirect(w, r, requestinfo.Below(r, ProfileURL))
	default:
		v.sayLogin(w, r, http.StatusOK, "Profile changed successfully", &changed)
	}
}

// saveProfile stores the fields that were sent. What is wrong with one is written into the
// form. The error is a failure of the database.
func (v *Views) saveProfile(r *http.Request, b body, form *Form, user *auth.User) error {
	var sent []*Field
	for _, field := range form.Fields {
		if _, ok := b[field.Name]; ok {
			sent = append(sent, field)
		}
	}
	values := takeOwn(b, sent)
	if form.Failed() || len(values) == 0 {
		return nil
	}
	err := v.config.Auth.UpdateFields(r.Context(), user, values)
	if form.rejectUnstorable(err) {
		return nil
	}
	if err == nil {
		report(r, "profile changed", "user", user.ID)
	}
	return err
}
