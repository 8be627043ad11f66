// Package database reads and writes the rows of Django's tables (auth_user, auth_group,
// auth_permission, django_session and what joins them), as plain Go values with one method
// for each thing that is done to them. It is on floor 1, the database.
//
// A [DB] comes from the package of its engine, which connects and creates the
// tables that are absent:
//
//	db, err := sqlite.Open(ctx, "app.db")
//	db, err := postgres.Open(ctx, "postgres://app@localhost/app")
//	db, err := mysql.Open(ctx, "mysql://app@localhost/app")
//
// The tables are Django's to the letter, and a Django on the same database finds
// nothing to migrate. Tables that exist already are never altered, but for the
// columns of [UserModel.Fields], which are added to an auth_user that Coatcheck made.
//
// Ids are strings, numbers in SQL; a text that is no number is the id of nothing,
// so [ErrNotFound]. Times are UTC with microseconds; the zero time is NULL.
// Every write that a race could spoil is one statement that names what it
// expects to find: [DB.UpdateSession], [DB.ReplacePassword].
package database
