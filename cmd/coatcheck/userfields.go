package main

import (
	"context"
	"fmt"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/console"
	"github.com/coatcheck/coatcheck/userfields"
)

// fieldFlags are the values of the fields of --user-field for a new superuser.
type fieldFlags struct {
	Values map[string]string `name:"field" env:"-" mapsep:"none" placeholder:"NAME=VALUE" help:"Value of a field of --user-field; a required one is asked for if absent. May be repeated."`
}

// extra returns the values of the model's own columns: those of the flags, else those of the
// environment. It asks for what is required and not there, or with noInput returns Django's
// sentence.
func (f *fieldFlags) extra(
	ctx context.Context, con *console.Console, m database.UserModel, noInput bool,
) (map[string]any, error) {
	fields, extra := m.Fields, extraFromEnvironment(m)
	for name := range f.Values {
		if !userfields.Declares(fields, name) {
			return nil, usageError{fmt.Errorf("--field: there is no field %q; declare it by --user-field",
				name)}
		}
	}
	for i := range fields {
		field := &fields[i]
		raw, given := f.Values[field.Name]
		if !given {
			raw, given = extra[field.Name].(string)
		}
		if _, ok := field.DefaultValue(); !given && (ok && (field.Default != "" || !field.Required)) {
			continue // the model's
		}
		value, err := field.Clean(raw)
		switch {
		case err != nil && given:
			return nil, fmt.Errorf("%s: %w", field.Name, err)
		case err != nil && noInput:
			return nil, sentence("You must use --field " + field.Name + "=VALUE with --noinput.")
		case err != nil:
			if value, err = askField(ctx, con, field); err != nil {
				return nil, err
			}
		}
		extra[field.Name] = value
	}
	return extra, nil
}

// askField asks until the value is one that the field takes.
func askField(ctx context.Context, con *console.Console, field *userfields.Field) (any, error) {
	for {
		raw, err := con.Ask(ctx, field.Title()+": ")
		if err != nil {
			return nil, err
		}
		value, err := field.Clean(raw)
		if err == nil {
			return value, nil
		}
		con.Complain("Error: " + err.Error())
	}
}
