package pwned_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/password/pwned"
	"github.com/coatcheck/coatcheck/password/validate"
)

// TestValidator: it speaks as the other validators do, and a filter that cannot be
// read neither takes nor refuses a password.
func TestValidator(t *testing.T) {
	filter, _ := build(t, pwned.Config{In: strings.NewReader("correct horse battery staple\n"), Plain: true})
	validators := append(validate.Default(), pwned.Validator{Filter: filter})
	if err := validate.Check(validators); err != nil {
		t.Fatal(err)
	}
	if err := validate.Password(t.Context(), "quite another one", nil, validators); err != nil {
		t.Error(err)
	}
	err := validate.Password(t.Context(), "correct horse battery staple", nil, validators)
	var one *validate.Error
	if !errors.As(err, &one) || one.Code != "password_pwned" || !strings.Contains(one.Message, "data leak") {
		t.Errorf("%v", err)
	}
	if texts := validate.HelpTexts(validators); texts[4] != "Your password can’t be one that has appeared in a data leak." {
		t.Errorf("%q", texts)
	}

	if err := filter.Close(); err != nil {
		t.Fatal(err)
	}
	err = validate.Password(t.Context(), "correct horse battery staple", nil, validators)
	var wrong validate.Errors
	if !errors.Is(err, os.ErrClosed) || errors.As(err, &wrong) || errors.As(err, &one) || strings.Contains(err.Error(), "staple") {
		t.Errorf("a closed filter: %v", err)
	}
	if err := validate.Check([]validate.Validator{pwned.Validator{}}); err == nil {
		t.Error("a validator without a filter is taken")
	}
	if err := (pwned.Validator{}).Validate(t.Context(), "x", nil); err == nil {
		t.Error("a validator without a filter takes passwords")
	}
}

// TestShrunk: a file that became shorter under an open filter is an error.
func TestShrunk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "filter")
	if _, err := pwned.Build(t.Context(), pwned.Config{In: bytes.NewReader(dump(digests(7, 10))), Out: path}); err != nil {
		t.Fatal(err)
	}
	filter, err := pwned.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer filter.Close()
	if err := os.Truncate(path, headerSize); err != nil {
		t.Fatal(err)
	}
	if found, err := filter.ContainsSHA1(digests(7, 1)[0]); found || err == nil {
		t.Errorf("%v, %v", found, err)
	}
	if filter.Verify(t.Context()) == nil {
		t.Error("it is whole")
	}
}
