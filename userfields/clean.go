package userfields

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/internal/pystr"
)

// What Clean finds, in Django's words.
var (
	notWhole  = &identity.FieldError{Code: "invalid", Message: i18n.Mark("Enter a whole number.")}
	notDate   = &identity.FieldError{Code: "invalid", Message: i18n.Mark("Enter a valid date.")}
	notYesNo  = &identity.FieldError{Code: "invalid", Message: i18n.Mark("Enter yes or no.")}
	notChoice = i18n.Mark("Select a valid choice. %(value)s is not one of the available choices.")
	tooLarge  = i18n.Mark("Ensure this value is less than or equal to %(limit_value)s.")
	tooSmall  = i18n.Mark("Ensure this value is greater than or equal to %(limit_value)s.")
)

// Clean returns what somebody typed as it is to be stored, for database.User.SetExtra: a
// string, an int64, a bool, or nil for NULL. White space around it falls away. A date is
// "2026-01-31", and a box "yes" or "no". The error is an *identity.FieldError with Django's
// sentence for the form.
func (f *Field) Clean(raw string) (any, error) {
	raw = pystr.Strip(raw)
	if strings.ContainsRune(raw, 0) {
		return nil, identity.ErrNUL
	}
	switch {
	case f.Type == Boolean:
		return f.cleanBoolean(raw)
	case raw == "" && f.Required:
		return nil, identity.ErrRequired
	case raw == "" && f.Nullable():
		return nil, nil
	case f.Type == Integer:
		return cleanInteger(raw)
	case f.Type == Date:
		return cleanDate(raw)
	case f.Type == Choice && raw != "" && !f.offers(raw):
		return nil, identity.NewFieldError("invalid_choice", notChoice, "value", raw)
	}
	if n := utf8.RuneCountInString(raw); n > f.Length() {
		return nil, identity.TooLong(f.Length(), n)
	}
	return raw, nil
}

// offers reports whether a value is one of the choices.
func (f *Field) offers(value string) bool {
	return slices.ContainsFunc(f.Choices, func(o Option) bool { return o.Value == value })
}

func (f *Field) cleanBoolean(raw string) (any, error) {
	yes, known := ParseYes(raw)
	if !known && raw != "" {
		return nil, notYesNo
	}
	if f.Required && !yes {
		return nil, identity.ErrRequired
	}
	return yes, nil
}

// ParseYes reads what a box says: "yes" or "no", or the words of other programs' boxes, on,
// true, 1, off, false and 0, in any case. Known is false for every other text.
func ParseYes(text string) (yes, known bool) {
	switch strings.ToLower(text) {
	case "yes", "on", "true", "1":
		return true, true
	case "no", "off", "false", "0":
		return false, true
	}
	return false, false
}

// cleanInteger accepts "7.0" for 7, as Django does, and what 32 bits hold.
func cleanInteger(raw string) (any, error) {
	whole, zeros, _ := strings.Cut(raw, ".")
	digits := strings.TrimLeft(whole, "+-")
	if digits == "" || len(whole)-len(digits) > 1 || strings.Trim(digits, "0123456789") != "" ||
		strings.Trim(zeros, "0") != "" {
		return nil, notWhole
	}
	n, err := strconv.ParseInt(whole, 10, 64) // out of range it is the limit
	switch {
	case n > math.MaxInt32:
		return nil, identity.NewFieldError("max_value", tooLarge, "limit_value", strconv.Itoa(math.MaxInt32))
	case n < math.MinInt32:
		return nil, identity.NewFieldError("min_value", tooSmall, "limit_value", strconv.Itoa(math.MinInt32))
	case err != nil:
		return nil, notWhole
	}
	return n, nil
}

func cleanDate(raw string) (any, error) {
	day, err := time.Parse(time.DateOnly, raw)
	if err != nil || day.Year() < 1 {
		return nil, notDate
	}
	return raw, nil
}

// Words returns a stored value as a form shows it: "yes" or "no" for a Boolean, and "" for
// NULL. The text is that of database.User.ScanExtra.
func (f *Field) Words(stored string) string {
	if f.Type != Boolean {
		return stored
	}
	if isTrue(stored) {
		return "yes"
	}
	return "no"
}

// Value returns a stored value for JSON: a string, an int64, a bool, or nil for NULL. The
// text is that of database.User.ScanExtra.
func (f *Field) Value(stored string, null bool) any {
	if null {
		return nil
	}
	switch f.Type {
	case Boolean:
		return isTrue(stored)
	case Integer:
		if n, err := strconv.ParseInt(stored, 10, 64); err == nil {
			return n
		}
	}
	return stored
}

func isTrue(stored string) bool {
	yes, err := strconv.ParseBool(stored)
	return yes && err == nil
}

// LabelOf returns the label of one of the choices, or the value where it is none of them.
func (f *Field) LabelOf(value string) string {
	for _, option := range f.Choices {
		if option.Value == value && option.Label != "" {
			return option.Label
		}
	}
	return value
}
