package auth

import (
	"fmt"
	"reflect"
	"sync"
)

// As returns the user as a struct of the program's own, which embeds User and has
// a field for each column of its user model that it wants, named by a tag:
//
//	type Member struct {
//		auth.User
//		Company string        `column:"company"`
//		Phone   sql.NullString `column:"phone"`
//	}
//
//	member, err := auth.As[Member](user)
//
// The columns are those of database.UserModel.Extra, and the types those that
// User.ScanExtra takes. Fields without a tag are left alone, and an anonymous user
// has all of them zero. It costs no query. An error is a struct that does not
// embed User, or a column that is not there or not of that type.
func As[T any](u *User) (*T, error) {
	value := new(T)
	of := planOf(reflect.TypeFor[T]())
	if of.err != nil {
		return nil, of.err
	}
	v := reflect.ValueOf(value).Elem()
	v.Field(of.user).Set(reflect.ValueOf(*u))
	if u.IsAnonymous() {
		return value, nil
	}
	for _, f := range of.fields {
		if err := u.ScanExtra(f.column, v.Field(f.index).Addr().Interface()); err != nil {
			return nil, fmt.Errorf("auth: %s: %w", v.Type(), err)
		}
	}
	return value, nil
}

// plan is where in a struct the user and the columns go.
type plan struct {
	user   int
	fields []planField
	err    error
}

type planField struct {
	index  int
	column string
}

var plans sync.Map // reflect.Type -> *plan

func planOf(t reflect.Type) *plan {
	if known, ok := plans.Load(t); ok {
		return known.(*plan)
	}
	known, _ := plans.LoadOrStore(t, newPlan(t))
	return known.(*plan)
}

func newPlan(t reflect.Type) *plan {
	p := &plan{user: -1}
	if t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			field := t.Field(i)
			column, tagged := field.Tag.Lookup("column")
			switch {
			case field.Anonymous && field.Type == reflect.TypeFor[User]():
				p.user = i
			case tagged && !field.IsExported():
				return &plan{err: fmt.Errorf("auth: the field %s of %s has a column and must be exported", field.Name, t)}
			case tagged:
				p.fields = append(p.fields, planField{i, column})
			}
		}
	}
	if p.user < 0 {
		return &plan{err: fmt.Errorf("auth: %s does not embed auth.User", t)}
	}
	return p
}
