package userfields

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Type is the type of a field.
type Type int

// The types.
const (
	Text    Type = iota // one line; the column is varchar(n) (Django: CharField)
	Integer             // of 32 bits (Django: IntegerField)
	Boolean             // a box to tick (Django: BooleanField)
	Date                // without a time (Django: DateField)
	Choice              // one of Choices; the column is varchar(n) (Django: CharField with choices)
)

// typeNames are the types as Parse reads them.
var typeNames = []string{"text", "integer", "boolean", "date", "choice"}

// String returns the name of the type: "text", "integer", "boolean", "date" or "choice".
func (t Type) String() string {
	if t < 0 || int(t) >= len(typeNames) {
		return fmt.Sprintf("Type(%d)", int(t))
	}
	return typeNames[t]
}

// Shown specifies on which pages a field is.
type Shown int

// The pages.
const (
	Both    Shown = iota // the sign-up page and the profile
	Signup               // the sign-up page
	Profile              // the profile
	Nowhere              // no page: only the program reads and writes it
)

// shownNames are the pages as Parse reads them.
var shownNames = []string{"both", "signup", "profile", "nowhere"}

// The lengths of texts, in characters.
const (
	DefaultLength = 255   // of a text that names none
	maxLength     = 16383 // that every engine takes
)

// Option is one of the values of a Choice.
type Option struct {
	Value string // what is stored
	Label string // what people see; Value when empty
}

// Field is a column of the table of users, and a field on the pages. Only Name is required.
// The zero Type is a text, which sign-up and profile show and nobody must fill in.
type Field struct {
	// Name is the name of the column, and of the field in forms and JSON: lowercase
	// letters, digits and single underscores, a letter first.
	Name string
	// Type is the type of the column.
	Type Type
	// MaxLength is how many characters a Text or Choice has at most; DefaultLength
	// when zero. Django: max_length.
	MaxLength int
	// Choices are the values of a Choice, in their order on the page. Django: choices.
	Choices []Option
	// Label is what the pages call the field; the name with spaces and a capital when
	// empty. It is translated if the site's catalogues have it. Django: verbose_name.
	Label string
	// Help is a hint below the label, and translated likewise. Django: help_text.
	Help string
	// Required refuses an empty field, and a box that is not ticked. Django: blank=False.
	Required bool
	// Null stores an empty text as NULL. An Integer or a Date that is not required may
	// always be NULL. Django: null=True.
	Null bool
	// Default is the value of users who do not choose one, and of those that there are
	// when the column is added, written as in a form: "2026-01-31", "yes", "7". When
	// empty it is the empty text or false; a required Integer or Date has none then.
	// Django: default.
	Default string
	// Shown specifies on which pages the field is. Visitors can set it nowhere else.
	Shown Shown
}

// OnSignup reports whether the sign-up page shows the field.
func (f *Field) OnSignup() bool { return f.Shown == Both || f.Shown == Signup }

// OnProfile reports whether the profile shows the field.
func (f *Field) OnProfile() bool { return f.Shown == Both || f.Shown == Profile }

// Nullable reports whether the column may be NULL.
func (f *Field) Nullable() bool {
	return f.Null || !f.Required && (f.Type == Integer || f.Type == Date)
}

// Length returns how many characters a text has at most.
func (f *Field) Length() int {
	if f.MaxLength == 0 {
		return DefaultLength
	}
	return f.MaxLength
}

// Title returns the label.
func (f *Field) Title() string {
	if f.Label != "" || f.Name == "" {
		return f.Label
	}
	words := strings.ReplaceAll(f.Name, "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// DefaultValue returns the value of a user who chose none, for database.User.SetExtra. It
// returns false if there is none: then the column is NULL, or needs a value of each user.
func (f *Field) DefaultValue() (value any, ok bool) {
	if f.Default != "" {
		anything := *f
		anything.Required = false // "no" is a good default of a box to tick
		value, err := anything.Clean(f.Default)
		return value, err == nil
	}
	switch {
	case f.Type == Boolean:
		return false, true
	case f.Nullable():
		return nil, true
	}
	return "", f.Type == Text || f.Type == Choice
}

// Check returns an error that names the first field which cannot be: its name is one that
// is not free or no column can have, or its settings contradict each other.
func Check(fields []Field) error {
	seen := map[string]bool{}
	for i := range fields {
		f := &fields[i]
		err := f.checkName()
		if err == nil && seen[f.Name] {
			err = errors.New("is declared twice; leave one out")
		}
		if err == nil {
			err = f.check()
		}
		if err != nil {
			return fmt.Errorf("userfields: the field %q %w", f.Name, err)
		}
		seen[f.Name] = true
	}
	return nil
}

// Declares reports whether one of the fields has the name.
func Declares(fields []Field, name string) bool {
	return slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name })
}

// taken are the names of Django's columns, by which people would make themselves staff or
// see a hash, and of what forms and JSON have beside the fields.
var taken = strings.Fields(`
	id pk user_id password last_login is_superuser username first_name last_name email is_staff is_active
	date_joined groups user_permissions permissions is_authenticated is_anonymous backend session_auth_hash
	natural_key objects check clean delete save profile fields user message error next csrfmiddlewaretoken
	remember_me old_password new_password1 new_password2 password1 password2 language token`)

func (f *Field) checkName() error {
	const letters, others = "abcdefghijklmnopqrstuvwxyz", "0123456789_"
	switch name := f.Name; {
	case name == "" || len(name) > 63 || !strings.Contains(letters, name[:1]) ||
		strings.Trim(name, letters+others) != "", strings.Contains(name, "__"), strings.HasSuffix(name, "_"):
		return errors.New("has no good name; a name is a lowercase letter, then lowercase letters, digits " +
			"and single underscores, 63 characters at most")
	case slices.Contains(taken, name):
		return errors.New("has a name that Django or the pages use already; choose another name")
	}
	return nil
}

func (f *Field) check() error {
	text := f.Type == Text || f.Type == Choice
	switch {
	case f.Type < Text || f.Type > Choice:
		return fmt.Errorf("has the type %d; it must be one of %s", f.Type, strings.Join(typeNames, ", "))
	case f.Shown < Both || f.Shown > Nowhere:
		return fmt.Errorf("is shown at %d; it must be one of %s", f.Shown, strings.Join(shownNames, ", "))
	case f.MaxLength != 0 && !text:
		return fmt.Errorf("is of the type %s, which has no length; leave MaxLength (max) out", f.Type)
	case f.MaxLength < 0 || f.MaxLength > maxLength:
		return fmt.Errorf("has the length %d; it must be 1 to %d", f.MaxLength, maxLength)
	case (len(f.Choices) > 0) != (f.Type == Choice):
		return errors.New("must be of the type choice and have choices, or neither of them")
	case f.Null && f.Type == Boolean:
		return errors.New("is a boolean, which is never NULL; leave Null (null) out")
	}
	for i, option := range f.Choices {
		if option.Value == "" || utf8.RuneCountInString(option.Value) > f.Length() {
			return fmt.Errorf("has the choice %q; it must have 1 to %d characters", option.Value, f.Length())
		}
		if slices.ContainsFunc(f.Choices[:i], func(o Option) bool { return o.Value == option.Value }) {
			return fmt.Errorf("has the choice %q twice; leave one out", option.Value)
		}
	}
	_, ok := f.DefaultValue()
	if !ok && f.Default != "" {
		return fmt.Errorf("has the default %q, which is no %s that the field takes", f.Default, f.Type)
	}
	if !ok && !f.OnSignup() {
		return errors.New("is required and not on the sign-up page; give it a Default (default=VALUE), or " +
			"show it there")
	}
	return nil
}
