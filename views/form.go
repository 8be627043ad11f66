package views

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/password/validate"
	"github.com/coatcheck/coatcheck/userfields"
)

// sayNotText is said about JSON that is not text where text belongs.
var sayNotText = i18n.Mark("Enter text.")

// sayChoose is said about a box that says something else.
var sayChoose = i18n.Mark("Enter yes or no.")

// Form is what form.html shows.
type Form struct {
	// Fields are in their order on the page.
	Fields []*Field
	// Errors concern the form and not one field. As those of a field they are
	// translated when they are shown, those that are already stay as they are.
	Errors []string
	// Notice is good news to be shown above the form, or empty.
	Notice string
	// Submit is what the button says.
	Submit string
	// Danger makes the button look like one that destroys something.
	Danger bool
	// Username is whose password the form is about, or empty where it asks for that
	// itself. It is for password managers alone: hidden, and not sent.
	Username string
	// Next is where to go afterwards; it is sent along hidden. It is safe, or
	// empty.
	Next string
	// Reveal is what the switch says that shows a password. Render fills it in.
	Reveal string
	// CSRFToken is sent along hidden. Render fills it in; it is empty where none
	// is needed.
	CSRFToken string
	own       bool // about the visitor's password: Render fills in Username
}

// Field is one field of a form.
type Field struct {
	Name         string
	Label        string
	Type         string   // of the input element
	Autocomplete string   // what browsers and password managers go by
	Help         string   // a hint below the label, or empty
	Rules        []string // a list of hints
	MaxLength    int      // characters; 0 for no limit in the page
	Required     bool
	Autofocus    bool
	Fixed        bool // Value is shown, and cannot be changed
	Checked      bool // of a box, whose Type is "checkbox"
	// Options are what a list offers, whose Type is "select".
	Options []userfields.Option
	// Value is shown again after an error; never for a password.
	Value  string
	Errors []string
	cause  error // of the errors, where they have values in them

	declared *userfields.Field // of the user model; nil for the fields that every site has
}

// ID is the id of the input element, as Django makes it.
func (f *Field) ID() string { return "id_" + f.Name }

// DescribedBy lists the ids of the elements that describe the field.
func (f *Field) DescribedBy() string {
	var ids []string
	if f.Help != "" || len(f.Rules) > 0 {
		ids = append(ids, f.ID()+"_help")
	}
	if len(f.Errors) > 0 {
		ids = append(ids, f.ID()+"_error")
	}
	return strings.Join(ids, " ")
}

// Failed says whether anything is wrong with the form.
func (f *Form) Failed() bool { return len(f.Errors) > 0 || f.wrong() != nil }

// field returns the field of that name, which must be there.
func (f *Form) field(name string) *Field {
	return f.Fields[slices.IndexFunc(f.Fields, func(field *Field) bool { return field.Name == name })]
}

// wrong returns the first field that has an error, or nil.
func (f *Form) wrong() *Field {
	for _, field := range f.Fields {
		if len(field.Errors) > 0 {
			return field
		}
	}
	return nil
}

// wanted names the fields that must be sent.
func (f *Form) wanted() string {
	var names []string
	for _, field := range f.Fields {
		if field.Required && !field.Fixed {
			names = append(names, field.Name)
		}
	}
	if len(names) == 0 {
		return "nothing"
	}
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// focus puts the cursor where there is something to do.
func (f *Form) focus() {
	field := f.wrong()
	for i := 0; field == nil && i < len(f.Fields); i++ {
		if f.Fields[i].Value == "" && f.Fields[i].Type != checkbox {
			field = f.Fields[i]
		}
	}
	if field != nil {
		field.Autofocus = true
	}
}

// take reads the field from the body, and says whether it is there as text
// that can be looked at further. A field that may be missing is not there when
// it is empty.
func (f *Field) take(b body) (string, bool) {
	v := b[f.Name]
	switch {
	case v.notText:
		f.Errors = append(f.Errors, sayNotText)
	case strings.ContainsRune(v.text, 0):
		f.Errors = append(f.Errors, identity.ErrNUL.Message)
	case v.text == "" && f.Required:
		f.Errors = append(f.Errors, identity.ErrRequired.Message)
	default:
		return v.text, v.text != ""
	}
	return "", false
}

// reject says what is wrong with the field: a *identity.FieldError or
// validate.Errors.
func (f *Field) reject(err error) {
	f.Errors, f.cause = []string{err.Error()}, err
}

// translate puts the errors into the visitor's language.
func (f *Form) translate(t *i18n.Translator) {
	translateAll(t, f.Errors)
	for _, field := range f.Fields {
		one, several := (*identity.FieldError)(nil), validate.Errors(nil)
		switch {
		case errors.As(field.cause, &several):
			field.Errors = several.MessagesIn(t)
		case errors.As(field.cause, &one):
			field.Errors = []string{one.MessageIn(t)}
		default:
			translateAll(t, field.Errors)
		}
	}
}

func translateAll(t *i18n.Translator, texts []string) {
	for i, text := range texts {
		texts[i] = t.T(text)
	}
}

// checkbox is the Type of a box to be ticked. It is sent as "yes"; a hidden field
// before it says "no", so that a form without the box says neither.
const checkbox = "checkbox"

// What a box says.
const (
	yes = "yes"
	no  = "no"
)

// takeChoice reads a box: "yes", "no", or "" where nothing was sent. Other texts are
// those of boxes that others made.
func (f *Field) takeChoice(b body) string {
	v := b[f.Name]
	choice := v.choice
	switch {
	case choice != "":
	case v.notText:
		f.Errors = append(f.Errors, sayChoose)
		return ""
	default:
		switch strings.ToLower(v.text) {
		case "yes", "on", "true", "1":
			choice = yes
		case "no", "off", "false", "0":
			choice = no
		case "":
		default:
			f.Errors = append(f.Errors, sayChoose)
			return ""
		}
	}
	if choice != "" {
		f.Checked = choice == yes
	}
	if f.Required && choice != yes {
		f.Errors = append(f.Errors, identity.ErrRequired.Message)
	}
	return choice
}

// formError is the JSON about a form that was refused.
type formError struct {
	Error  string              `json:"error"`
	Fields map[string][]string `json:"fields,omitempty"`
}

// showForm answers with the form: a page, or where the client wants JSON the
// status and what is wrong.
func (v *Views) showForm(w http.ResponseWriter, r *http.Request, status int, page string, f *Form) {
	f.translate(v.translator(w, r))
	if negotiate.HTML(r) {
		f.focus()
		v.Render(w, r, http.StatusOK, page, f)
		return
	}
	answer := formError{Fields: map[string][]string{}}
	all := slices.Clone(f.Errors)
	for _, field := range f.Fields {
		if len(field.Errors) > 0 {
			answer.Fields[field.Name] = field.Errors
			all = append(all, field.Label+": "+strings.Join(field.Errors, " "))
		}
	}
	answer.Error = strings.Join(all, " ")
	sayJSON(w, status, answer)
}
