package pages

import (
	"database/sql"
	"errors"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/internal/pystr"
	"github.com/coatcheck/coatcheck/userfields"
)

// fieldRow is a field of the visitor, in the visitor's language.
type fieldRow struct {
	Name, Label string
	Value       string // empty if there is none
}

// errUnstorable is about a text that the database cannot hold, such as an emoji in LATIN1.
var errUnstorable = &identity.FieldError{Code: "invalid", Message: i18n.Mark("Enter a valid value.")}

// declared returns the fields of the user model that are on a page.
func (k *Kit) declared(on func(*userfields.Field) bool) []*userfields.Field {
	var all []*userfields.Field
	for i := range k.fields {
		if on(&k.fields[i]) {
			all = append(all, &k.fields[i])
		}
	}
	return all
}

// UserFields returns the fields of a form for those of the user model that are on a page.
func (k *Kit) UserFields(t *i18n.Translator, on func(*userfields.Field) bool) []*Field {
	var all []*Field
	for _, declared := range k.declared(on) {
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
		field.Type = Checkbox
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
	f.Checked, _ = userfields.ParseYes(pystr.Strip(text))
}

// TakeDeclared reads the declared fields among others, and no other: what else is in the body
// sets no column. What is wrong is written into the fields. A field that was not sent has
// no value.
func TakeDeclared(b Body, fields []*Field) map[string]any {
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
func (f *Field) takeDeclared(b Body) (any, bool) {
	v, sent := b[f.Name]
	text := v.Text
	switch kind := f.declared.Type; {
	case !sent && f.Required:
		f.Reject(identity.ErrRequired)
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
		f.Reject(err)
	}
	return value, err == nil
}

// RejectUnstorable writes into a field that the database cannot hold its text, and reports
// whether the error is about that.
func (f *Form) RejectUnstorable(err error) bool {
	var lacking *database.UnstorableError
	if !errors.As(err, &lacking) {
		return false
	}
	for _, field := range f.Fields {
		if field.Name == lacking.Field {
			field.Reject(errUnstorable)
			return true
		}
	}
	return false
}

// Fields returns what the profile shows of the fields of the user model, each with Name,
// Label and Value in the visitor's language. A page that does not ask for them costs no
// query. See database.UserModel.Fields.
func (p *Page) Fields() ([]fieldRow, error) {
	declared := p.kit.declared((*userfields.Field).OnProfile)
	if len(declared) == 0 {
		return nil, nil
	}
	user, err := p.User()
	if err != nil || user.IsAnonymous() {
		return nil, err
	}
	var rows []fieldRow
	for _, f := range declared {
		var stored sql.NullString
		if err := user.ScanExtra(f.Name, &stored); err != nil {
			return nil, err
		}
		row := fieldRow{f.Name, p.T(f.Title()), f.Words(stored.String)}
		switch {
		case f.Type == userfields.Choice && row.Value != "":
			row.Value = p.T(f.LabelOf(row.Value))
		case f.Type == userfields.Boolean && row.Value == Yes:
			row.Value = p.T("Yes")
		case f.Type == userfields.Boolean:
			row.Value = p.T("No")
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// fieldValues returns the fields that the profile shows, for JSON, by name.
func (k *Kit) fieldValues(u *auth.User) (map[string]any, error) {
	var values map[string]any
	for _, f := range k.declared((*userfields.Field).OnProfile) {
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

// ProfileFields returns fields for those of the user model that the profile shows, with what
// is stored of a user; none if there are none.
func (k *Kit) ProfileFields(t *i18n.Translator, u *auth.User) ([]*Field, error) {
	fields := k.UserFields(t, (*userfields.Field).OnProfile)
	for _, field := range fields {
		var stored sql.NullString
		if err := u.ScanExtra(field.Name, &stored); err != nil {
			return nil, err
		}
		field.show(field.declared.Words(stored.String))
	}
	return fields, nil
}

// SentFields returns the fields of a form that are in a body.
func (f *Form) SentFields(b Body) []*Field {
	var sent []*Field
	for _, field := range f.Fields {
		if _, ok := b[field.Name]; ok {
			sent = append(sent, field)
		}
	}
	return sent
}

// HasProfileFields reports whether the user model has fields on the profile.
func (k *Kit) HasProfileFields() bool { return len(k.declared((*userfields.Field).OnProfile)) > 0 }

// IsDeclared reports whether the field is one that the user model declares.
func (f *Field) IsDeclared() bool { return f.declared != nil }
