package validate

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/pystr"
)

// defaultMinLength is Django's.
const defaultMinLength = 8

// MinimumLength refuses short passwords, with the code "password_too_short".
// Django: MinimumLengthValidator.
type MinimumLength struct {
	// MinLength is counted in code points; 8 when zero. Django: min_length.
	MinLength int
}

func (v MinimumLength) least() int {
	if v.MinLength == 0 {
		return defaultMinLength
	}
	return v.MinLength
}

// characters is a number of characters in words, as Django counts them.
func characters(n int) string {
	if n == 1 {
		return "1 character"
	}
	return fmt.Sprintf("%d characters", n)
}

// Check refuses a negative length.
func (v MinimumLength) Check() error {
	if v.MinLength < 0 {
		return fmt.Errorf("MinimumLength.MinLength is %d; it must be positive, or 0 for %d", v.MinLength, defaultMinLength)
	}
	return nil
}

// Validate counts.
func (v MinimumLength) Validate(_ context.Context, password string, _ Attributes) error {
	if utf8.RuneCountInString(password) >= v.least() {
		return nil
	}
	return &Error{
		Code:    "password_too_short",
		Message: "This password is too short. It must contain at least " + characters(v.least()) + ".",
		Params:  map[string]any{"min_length": v.least()},
	}
}

// HelpText is "Your password must contain at least 8 characters."
func (v MinimumLength) HelpText() string {
	return "Your password must contain at least " + characters(v.least()) + "."
}

// Numeric refuses passwords of nothing but digits, of whatever script and of
// such kinds as ² and ①, with the code "password_entirely_numeric". Django:
// NumericPasswordValidator.
type Numeric struct{}

// Validate looks at each character.
func (Numeric) Validate(_ context.Context, password string, _ Attributes) error {
	for _, r := range password {
		if !pystr.IsDigit(r) {
			return nil
		}
	}
	if password == "" {
		return nil
	}
	return &Error{Code: "password_entirely_numeric", Message: i18n.Mark("This password is entirely numeric.")}
}

// HelpText is "Your password can’t be entirely numeric."
func (Numeric) HelpText() string { return i18n.Mark("Your password can’t be entirely numeric.") }
