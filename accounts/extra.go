package accounts

import (
	"fmt"
	"slices"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
)

// extra are the site's own columns of an account that is not created yet, by name.
type extra map[string]extraValue

// extraValue is one value; of the fields one at most is not nil, and none is NULL. Each Go
// type has a field of its own, since JSON would make one of several.
type extraValue struct {
	Text  *string    `json:"text,omitempty"`
	Int   *int64     `json:"int,omitempty"`
	Float *float64   `json:"float,omitempty"`
	Bool  *bool      `json:"bool,omitempty"`
	Time  *time.Time `json:"time,omitempty"`
}

// newExtra returns the values, or an error if the user model or JSON lacks a place for one.
func newExtra(values map[string]any, model database.UserModel) (extra, error) {
	if len(values) == 0 {
		return nil, nil
	}
	all := extra{}
	for column, value := range values {
		if !slices.Contains(model.Extra, column) {
			return nil, fmt.Errorf("accounts: the column %q is not in UserModel.Extra: %w", column,
				database.ErrInvalid)
		}
		kept, ok := newExtraValue(value)
		if !ok {
			return nil, fmt.Errorf("accounts: a sign-up by link cannot keep the %T of the column %q; "+
				"give a string, bool, number or time.Time: %w", value, column, database.ErrInvalid)
		}
		all[column] = kept
	}
	return all, nil
}

func newExtraValue(value any) (kept extraValue, ok bool) {
	switch value := value.(type) {
	case nil:
	case string:
		kept.Text = &value
	case bool:
		kept.Bool = &value
	case time.Time:
		kept.Time = &value
	case float64:
		kept.Float = &value
	case int64:
		kept.Int = &value
	case int:
		n := int64(value)
		kept.Int = &n
	case int32:
		n := int64(value)
		kept.Int = &n
	default:
		return kept, false
	}
	return kept, true
}

// fill sets the columns of a user. It leaves out those that the user model lost after the
// link was sent.
func (e extra) fill(user *auth.User, model database.UserModel) {
	for column, value := range e {
		if slices.Contains(model.Extra, column) {
			user.SetExtra(column, value.any())
		}
	}
}

func (v extraValue) any() any {
	switch {
	case v.Text != nil:
		return *v.Text
	case v.Int != nil:
		return *v.Int
	case v.Float != nil:
		return *v.Float
	case v.Bool != nil:
		return *v.Bool
	case v.Time != nil:
		return *v.Time
	}
	return nil
}
