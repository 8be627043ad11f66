package validate

import (
	"context"
	"errors"
	"fmt"
	"html"
	"strings"
)

// Validator judges new passwords. Besides those of Django here,
// [MinimumLength], [UserAttributeSimilarity], [CommonPassword] and [Numeric],
// anybody can write one. It is called by many goroutines at a time.
type Validator interface {
	// Validate reports what is wrong with a password in a *Error, or
	// several in Errors. Any other error means that it could not be
	// judged. User is what is known of whose password it will be; nil when
	// nothing is.
	Validate(ctx context.Context, password string, user Attributes) error
	// HelpText describes what is wanted, in a sentence of plain text.
	HelpText() string
}

// ChangeObserver is a [Validator] that wants to know of every new password, for
// instance to refuse former ones.
type ChangeObserver interface {
	// PasswordChanged is called after a new password was stored. Django:
	// password_changed.
	PasswordChanged(ctx context.Context, password string, user Attributes) error
}

// Attributes are what is known of a user, by the names of Django's fields:
// "username", "first_name", "last_name", "email", and of one's own.
type Attributes map[string]string

// Error is one reason why a password is refused. It does not contain
// the password.
type Error struct {
	// Code names it for programs: "password_too_short", "password_too_similar",
	// "password_too_common", "password_entirely_numeric".
	Code string
	// Message is for the user, in Django's words.
	Message string
	// Params are what the message was made of, for translations: "min_length",
	// "verbose_name".
	Params map[string]any
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Errors are all reasons why a password is refused, in the order of
// the validators.
type Errors []*Error

// Error is the messages, one a line.
func (e Errors) Error() string { return strings.Join(e.Messages(), "\n") }

// Unwrap returns the single errors.
func (e Errors) Unwrap() []error {
	all := make([]error, len(e))
	for i, one := range e {
		all[i] = one
	}
	return all
}

// Messages are the sentences for the user.
func (e Errors) Messages() []string {
	all := make([]string, len(e))
	for i, one := range e {
		all[i] = one.Message
	}
	return all
}

// Password asks all validators. It returns nil when the password is
// good, else [Errors]; or another error when a validator could not
// judge. Without validators every password is good. Django: validate_password.
func Password(ctx context.Context, password string, user Attributes, validators []Validator) error {
	var wrong Errors
	for _, v := range validators {
		err := v.Validate(ctx, password, user)
		var several Errors
		var one *Error
		switch {
		case err == nil:
		case errors.As(err, &several):
			wrong = append(wrong, several...)
		case errors.As(err, &one):
			wrong = append(wrong, one)
		default:
			return fmt.Errorf("validate: %w", err)
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	return nil
}

// Changed notifies the validators that are a [ChangeObserver] of a password
// that was just stored. All are told; the error joins theirs. Django:
// password_changed.
func Changed(ctx context.Context, password string, user Attributes, validators []Validator) error {
	var failed []error
	for _, v := range validators {
		if observer, ok := v.(ChangeObserver); ok {
			failed = append(failed, observer.PasswordChanged(ctx, password, user))
		}
	}
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("validate: changed: %w", err)
	}
	return nil
}

// Default returns the four that a new Django project comes with, in its
// order: UserAttributeSimilarity, MinimumLength, CommonPassword, Numeric.
// (Django: AUTH_PASSWORD_VALIDATORS, which is empty where the settings of a
// project do not have it.)
func Default() []Validator {
	return []Validator{UserAttributeSimilarity{}, MinimumLength{}, CommonPassword{}, Numeric{}}
}

// Check returns what is wrong with a configuration of validators: one
// that is nil, or whose method Check() error, if it has one, says so. Call it
// when a program starts; auth.New does.
func Check(validators []Validator) error {
	for i, v := range validators {
		if v == nil {
			return fmt.Errorf("validate: validator %d is nil", i)
		}
		if own, ok := v.(interface{ Check() error }); ok {
			if err := own.Check(); err != nil {
				return fmt.Errorf("validate: validator %d: %w", i, err)
			}
		}
	}
	return nil
}

// HelpTexts are the help texts of all validators. Django:
// password_validators_help_texts.
func HelpTexts(validators []Validator) []string {
	texts := make([]string, len(validators))
	for i, v := range validators {
		texts[i] = v.HelpText()
	}
	return texts
}

// HelpTextHTML is the help texts as an HTML list, or nothing where there are no
// validators. Django: password_validators_help_text_html.
func HelpTextHTML(validators []Validator) string {
	if len(validators) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("<ul>")
	for _, text := range HelpTexts(validators) {
		b.WriteString("<li>" + html.EscapeString(text) + "</li>")
	}
	b.WriteString("</ul>")
	return b.String()
}
