// Package dialect is on floor 1, the database: what differs between SQLite,
// PostgreSQL and MySQL, as one value that the engines' packages fill in.
package dialect
