// Package dialect describes the differences of SQLite, PostgreSQL and MySQL, as one value
// that the engines' packages fill in. It is on floor 1, the database.
package dialect
