package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/userfields"
)

// userFlags say where the users are on a site with a user model of its own.
type userFlags struct {
	UserTable      string            `group:"users" placeholder:"TABLE" help:"Table of the users, auth_user by default. The tables of another model are Django's to create (AUTH_USER_MODEL)."`
	UserModel      string            `group:"users" placeholder:"NAME" help:"Name of the model in lower case; by default what follows the last underscore of the table."`
	UserID         string            `group:"users" name:"user-id" default:"integer" enum:"integer,uuid" help:"Type of the primary key: ${enum}."`
	UserIDColumn   string            `group:"users" name:"user-id-column" placeholder:"COLUMN" help:"Column of the primary key, id by default."`
	UsernameColumn string            `group:"users" placeholder:"COLUMN" help:"Column by which users sign in, username by default; may be that of the email address (USERNAME_FIELD)."`
	UserColumns    map[string]string `group:"users" name:"user-column" placeholder:"FIELD=COLUMN" help:"Column of one of Django's fields, where it is named otherwise; nothing after the = where the model lacks it. May be repeated."`
	UserDefaults   map[string]string `group:"users" name:"user-default" placeholder:"COLUMN=VALUE" help:"Value of a column of the model's own in new users, where it may not be NULL; 1 or 0 for yes or no. May be repeated."`
	Fields         []string          `group:"users" name:"user-field" sep:"none" placeholder:"FIELD" help:"Column of your own that sign-up and profile ask for, as NAME:TYPE,OPTION…: company:text,max=100,required,label=Company. The types are text, integer, boolean, date and choice; docs/user-fields.md has the options. May be repeated."`
}

func (f *userFlags) model() database.UserModel {
	m := database.UserModel{
		Table: f.UserTable, Model: f.UserModel, IDColumn: f.UserIDColumn, UsernameColumn: f.UsernameColumn,
		Columns: f.UserColumns,
	}
	if f.UserID == "uuid" {
		m.IDType = database.UUIDID
	}
	m.Fields, _ = f.fields() // known checked them
	for column, value := range f.UserDefaults {
		if m.Defaults == nil {
			m.Defaults = map[string]any{}
		}
		m.Defaults[column] = value
		if userfields.Declares(m.Fields, column) {
			continue
		}
		m.Extra = append(m.Extra, column)
	}
	return m
}

// fields reads the --user-field flags.
func (f *userFlags) fields() ([]userfields.Field, error) {
	var all []userfields.Field
	for _, line := range f.Fields {
		field, err := userfields.Parse(line)
		if err != nil {
			return nil, usageError{fmt.Errorf("--user-field: %w", err)}
		}
		all = append(all, field)
	}
	if err := userfields.Check(all); err != nil {
		return nil, usageError{fmt.Errorf("--user-field: %w", err)}
	}
	return all, nil
}

// extraFromEnvironment reads the model's own columns, as Django reads required
// fields: $DJANGO_SUPERUSER_COMPANY for company.
func extraFromEnvironment(m database.UserModel) map[string]any {
	extra := map[string]any{}
	for _, column := range m.Extra {
		if value, ok := os.LookupEnv("DJANGO_SUPERUSER_" + strings.ToUpper(column)); ok {
			extra[column] = value
		}
	}
	return extra
}
