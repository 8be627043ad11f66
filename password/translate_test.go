package password_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/password"
)

// TestMessagesInOtherLanguages: a nil translator says what Django says in English,
// and another one says nothing in English.
func TestMessagesInOtherLanguages(t *testing.T) {
	german := i18n.Default().Translator("de")
	for _, validators := range [][]password.Validator{
		password.DefaultValidators(), {password.MinimumLength{MinLength: 1}, password.MinimumLength{MinLength: 70}},
	} {
		english, translated := password.HelpTexts(validators), password.HelpTextsIn(german, validators)
		if got := password.HelpTextsIn(nil, validators); !slices.Equal(got, english) {
			t.Errorf("got %q, want %q", got, english)
		}
		for i := range english {
			if translated[i] == english[i] {
				t.Errorf("%q is not translated", english[i])
			}
		}
	}
	validators := append(password.DefaultValidators(), password.MinimumLength{MinLength: 70})
	for _, attempt := range []string{"1234567", "password", "ada.lovelace"} {
		var wrong password.ValidationErrors
		err := password.ValidatePassword(t.Context(), attempt, password.Attributes{"username": "ada.lovelace"}, validators)
		if !errors.As(err, &wrong) || len(wrong) < 2 {
			t.Fatalf("%q: %v", attempt, err)
		}
		if got := wrong.MessagesIn(nil); !slices.Equal(got, wrong.Messages()) {
			t.Errorf("got %q, want %q", got, wrong.Messages())
		}
		for i, message := range wrong.MessagesIn(german) {
			if message == wrong[i].Message {
				t.Errorf("%q is not translated", message)
			}
		}
	}
	similar := &password.ValidationError{
		Code: "password_too_similar", Message: "The password is too similar to the last name.",
		Params: map[string]any{"verbose_name": "last name"},
	}
	if got := similar.MessageIn(german); got != "Das Passwort ist zu ähnlich zu Nachname." {
		t.Errorf("%q", got)
	}
	own := &password.ValidationError{Code: "own", Message: "Not on a Monday."}
	if got := own.MessageIn(german); got != "Not on a Monday." {
		t.Errorf("%q", got)
	}
}
