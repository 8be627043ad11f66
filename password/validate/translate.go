package validate

import "github.com/coatcheck/coatcheck/i18n"

// The texts that have a number in them.
var (
	tooShortOne, tooShortMany = i18n.MarkN("This password is too short. It must contain at least %(min_length)d character.",
		"This password is too short. It must contain at least %(min_length)d characters.")
	atLeastOne, atLeastMany = i18n.MarkN("Your password must contain at least %(min_length)d character.",
		"Your password must contain at least %(min_length)d characters.")
)

// The names of Django's attributes of a user.
var _ = [...]string{i18n.Mark("username"), i18n.Mark("first name"), i18n.Mark("last name"), i18n.Mark("email address")}

// MessageIn is the message in another language. One of a validator of your own is
// translated as it is.
func (e *Error) MessageIn(t *i18n.Translator) string {
	switch e.Code {
	case "password_too_short":
		if n, ok := e.Params["min_length"].(int); ok {
			return t.N(tooShortOne, tooShortMany, n, "min_length", n)
		}
	case "password_too_similar":
		if name, ok := e.Params["verbose_name"].(string); ok {
			return t.T("The password is too similar to the %(verbose_name)s.", "verbose_name", t.T(name))
		}
	}
	return t.T(e.Message)
}

// MessagesIn are the messages in another language.
func (e Errors) MessagesIn(t *i18n.Translator) []string {
	all := make([]string, len(e))
	for i, one := range e {
		all[i] = one.MessageIn(t)
	}
	return all
}

// HelpTextsIn are the help texts of all validators in another language. One whose
// text has values in it has a method HelpTextIn(*i18n.Translator) string, as
// [MinimumLength]; the text of every other one is translated as it is.
func HelpTextsIn(t *i18n.Translator, validators []Validator) []string {
	texts := make([]string, len(validators))
	for i, v := range validators {
		if own, ok := v.(interface {
			HelpTextIn(*i18n.Translator) string
		}); ok {
			texts[i] = own.HelpTextIn(t)
		} else {
			texts[i] = t.T(v.HelpText())
		}
	}
	return texts
}

// HelpTextIn is the help text in another language.
func (v MinimumLength) HelpTextIn(t *i18n.Translator) string {
	return t.N(atLeastOne, atLeastMany, v.least(), "min_length", v.least())
}
