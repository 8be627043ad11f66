// Package own has the tables that Coatcheck needs beside Django's, and their rows: where
// users are signed in, links that work once, emails to be sent, the numbers of endings,
// the budgets of attempts, and the audit log. The names of the tables begin with coatcheck_.
//
// # Migrations
//
// A file NNNN_name.sql is a migration. Its name without .sql is recorded in
// django_migrations, with the app coatcheck. {id}, {time}, {text} and {name} stand for the types
// that differ between the engines. A statement ends with a semicolon at the end of its
// line, begins at the beginning of one, and is about one table, which it names first. A
// migration that was released never changes; what comes later has the next number.
//
// It is on floor 1, the database.
package own
