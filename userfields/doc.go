// Package userfields declares columns of a program's own in the table of users, and checks
// what people type into them.
//
// A [Field] says the type of the column, its label, and on which pages the field is shown.
// Give the fields to database.UserModel.Fields, or by --user-field to the command:
//
//	userfields.Field{Name: "company", MaxLength: 100, Required: true}
//	userfields.Field{Name: "born", Type: userfields.Date, Label: "Date of birth"}
//
// The columns, the rules and the sentences are those of Django's models and forms. It is
// one of the pure tools of floor 0.
package userfields
