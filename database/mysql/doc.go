// Package mysql opens Django's tables in MySQL 8, or in MariaDB 10.5 and later. It is on
// floor 1, the database.
//
//	db, err := mysql.Open(ctx, "mysql://app:secret@localhost:3306/app")
//
// Under the default collations MySQL compares usernames without regard to case
// and accents, and so does Django there. Session keys are compared byte for byte
// all the same.
package mysql
