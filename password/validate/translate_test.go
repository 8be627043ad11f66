package validate_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/password/validate"
)

// TestMessagesInOtherLanguages: a nil translator says what Django says in English,
// and another one says nothing in English.
func TestMessagesInOtherLanguages(t *testing.T) {
	german := i18n.Default().Translator("de")
	for _, validators := range [][]validate.Validator{
		validate.Default(), {validate.MinimumLength{MinLength: 1}, validate.MinimumLength{MinLength: 70}},
	} {
		english, translated := validate.HelpTexts(validators), validate.HelpTextsIn(german, validators)
		if got := validate.HelpTextsIn(nil, validators); !slices.Equal(got, english) {
			t.Errorf("got %q, want %q", got, english)
		}
		for i := range english {
			if translated[i] == english[i] {
				t.Errorf("%q is not translated", english[i])
			}
		}
	}
	validators := append(validate.Default(), validate.MinimumLength{MinLength: 70})
	for _, attempt := range []string{"1234567", "password", "ada.lovelace"} {
		var wrong validate.Errors
		err := validate.Password(t.Context(), attempt, validate.Attributes{"username": "ada.lovelace"}, validators)
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
	similar := &validate.Error{
		Code: "password_too_similar", Message: "The password is too similar to the last name.",
		Params: map[string]any{"verbose_name": "last name"},
	}
	if got := similar.MessageIn(german); got != "Das Passwort ist zu ähnlich zu Nachname." {
		t.Errorf("%q", got)
	}
	own := &validate.Error{Code: "own", Message: "Not on a Monday."}
	if got := own.MessageIn(german); got != "Not on a Monday." {
		t.Errorf("%q", got)
	}
}
