package validate_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/coatcheck/coatcheck/password/validate"
)

func ExamplePassword() {
	known := validate.Attributes{"username": "anna", "email": "anna@example.com"}
	err := validate.Password(context.Background(), "Anna99", known, validate.Default())
	var wrong validate.Errors
	if errors.As(err, &wrong) {
		for _, one := range wrong {
			fmt.Println(one.Code, one)
		}
	}
	// Output:
	// password_too_similar The password is too similar to the username.
	// password_too_short This password is too short. It must contain at least 8 characters.
}
