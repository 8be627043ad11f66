package pages

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/identity"
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
	// Status is that of the JSON about a form that is refused; 400 when zero.
	Status int
	// ForPrograms is the error in that JSON, in place of those of the form and the fields.
	ForPrograms string
	// Submit is what the button says.
	Submit string
	// Busy is what the button says while the form is sent. Render fills in "One moment…".
	Busy string
	// Quiet styles the button as one beside what the page is for.
	Quiet bool
	// Address is the email address that the page is about, or empty.
	Address string
	// Danger styles the button as one that destroys something.
	Danger bool
	// Username is whose password the form is about, or empty where it asks for that
	// itself. It is for password managers alone: hidden, and not sent.
	Username string
	// Next is where to go afterwards; it is sent along hidden. It is safe, or
	// empty.
	Next string
	// Reveal is what the switch says that shows a password. Render fills it in.
	Reveal string
	// Check goes before the links to the fields that are wrong. Render fills it in.
	Check string
	// Strength has the words for weak, fair and strong passwords. Render fills it in.
	Strength [3]string
	// CSRFToken is sent along hidden. Render fills it in; it is empty where none
	// is needed.
	CSRFToken string
	// CheckURL is where the script asks what is said against a new password. Render fills it in.
	CheckURL string
	// Own is for a form about the visitor's password: Render fills in Username.
	Own bool
	// About is what the page shows beside the form.
	About any
}

// Field is one field of a form.
type Field struct {
	Name         string
	Label        string
	Type         string          // of the input element
	Autocomplete string          // what browsers and password managers go by
	InputMode    string          // which keyboard phones show, "numeric" for instance
	Help         string          // a hint below the label, or empty
	Rules        []validate.Rule // for a new password
	MaxLength    int             // characters; 0 for no limit in the page
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
	if len(f.Told()) > 0 {
		ids = append(ids, f.ID()+"_error")
	}
	return strings.Join(ids, " ")
}

// Broken returns the error about one of the Rules, by its code, or "".
func (f *Field) Broken(code string) string {
	several := validate.Errors(nil)
	if code == "" || !errors.As(f.cause, &several) || len(several) != len(f.Errors) {
		return ""
	}
	for i, one := range several {
		if one.Code == code {
			return f.Errors[i]
		}
	}
	return ""
}

// Told returns the errors that are told below the field: those that are not about one of the Rules,
// where they are told instead.
func (f *Field) Told() []string {
	var rules []string
	for _, rule := range f.Rules {
		if text := f.Broken(rule.Code); text != "" {
			rules = append(rules, text)
		}
	}
	return slices.DeleteFunc(slices.Clone(f.Errors), func(text string) bool {
		return slices.Contains(rules, text)
	})
}

// Failed reports whether anything is wrong with the form.
func (f *Form) Failed() bool { return len(f.Errors) > 0 || len(f.Wrong()) > 0 }

// Field returns the field of that name, which must be there.
func (f *Form) Field(name string) *Field {
	return f.Fields[slices.IndexFunc(f.Fields, func(field *Field) bool { return field.Name == name })]
}

// Wrong returns the fields that have errors.
func (f *Form) Wrong() (wrong []*Field) {
	for _, field := range f.Fields {
		if len(field.Errors) > 0 {
			wrong = append(wrong, field)
		}
	}
	return wrong
}

// wanted names the fields that must be sent, or where none must be, those that may.
func (f *Form) wanted() string {
	var required, others []string
	for _, field := range f.Fields {
		switch {
		case field.Fixed:
		case field.Required:
			required = append(required, field.Name)
		default:
			others = append(others, field.Name)
		}
	}
	if len(required) > 0 {
		return list(required, "and")
	}
	return cmp.Or(list(others, "or"), "nothing")
}

// list joins names by commas, and the last one by a word.
func list(names []string, word string) string {
	last := len(names) - 1
	if last <= 0 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " " + word + " " + names[last]
}

// focus puts the cursor where there is something to do, unless the summary of wrong fields has it.
func (f *Form) focus() {
	if len(f.Wrong()) > 0 {
		return
	}
	for _, field := range f.Fields {
		if field.Value == "" && field.Type != Checkbox {
			field.Autofocus = true
			return
		}
	}
}

// Take reads the field from the body, and reports whether it is there as text that can be
// looked at further. A field that may be missing is not there when it is empty. What is
// wrong is written into Errors.
func (f *Field) Take(b Body) (string, bool) {
	v := b[f.Name]
	switch {
	case v.notText:
		f.Errors = append(f.Errors, sayNotText)
	case strings.ContainsRune(v.Text, 0):
		f.Errors = append(f.Errors, identity.ErrNUL.Message)
	case v.Text == "" && f.Required:
		f.Errors = append(f.Errors, identity.ErrRequired.Message)
	default:
		return v.Text, v.Text != ""
	}
	return "", false
}

// Reject writes into Errors what is wrong with the field: a *identity.FieldError or
// validate.Errors.
func (f *Field) Reject(err error) {
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

// Checkbox is the Type of a Field that is a box to be ticked. It is sent as "yes"; a hidden field
// before it says "no", so that a form without the box says neither.
const Checkbox = "checkbox"

// What a box says.
const (
	Yes = "yes"
	No  = "no"
)

// TakeChoice reads a box: Yes, No, or "" where nothing was sent. It accepts the texts of
// other programs' boxes too.
func (f *Field) TakeChoice(b Body) string {
	v := b[f.Name]
	choice := v.choice
	switch {
	case choice != "":
	case v.notText:
		f.Errors = append(f.Errors, sayChoose)
		return ""
	case v.Text != "":
		yes, known := userfields.ParseYes(v.Text)
		if !known {
			f.Errors = append(f.Errors, sayChoose)
			return ""
		}
		if choice = No; yes {
			choice = Yes
		}
	}
	if choice != "" {
		f.Checked = choice == Yes
	}
	if f.Required && choice != Yes {
		f.Errors = append(f.Errors, identity.ErrRequired.Message)
	}
	return choice
}
