package pwned

import (
	"context"
	"errors"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/password/validate"
)

// Validator refuses passwords that the filter has, with the code
// "password_pwned". Where the filter cannot be read, its error is none of the
// password: the password is neither taken nor refused.
type Validator struct {
	// Filter is an open one; required.
	Filter *Filter
}

var _ validate.Validator = Validator{}

var errNoFilter = errors.New("pwned: Validator.Filter is nil; open one by pwned.Open")

// Check refuses a validator without a filter.
func (v Validator) Check() error {
	if v.Filter == nil {
		return errNoFilter
	}
	return nil
}

// Validate asks the filter.
func (v Validator) Validate(_ context.Context, raw string, _ validate.Attributes) error {
	if err := v.Check(); err != nil {
		return err
	}
	found, err := v.Filter.Contains(raw)
	if err != nil || !found {
		return err
	}
	return &validate.Error{
		Code: "password_pwned",
		Message: "This password has appeared in a data leak, so it is one of the first that an attacker tries. " +
			"Please choose another.",
	}
}

// RuleIn is "Never part of a data leak".
func (Validator) RuleIn(t *i18n.Translator) validate.Rule {
	return validate.Rule{Code: "password_pwned", Text: t.T("Never part of a data leak")}
}

// HelpText is "Your password can’t be one that has appeared in a data leak."
func (Validator) HelpText() string {
	return "Your password can’t be one that has appeared in a data leak."
}
