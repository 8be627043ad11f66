// Package sqlite opens Django's tables in an SQLite file, or in memory. It needs no C
// compiler. It is on floor 1, the database.
//
//	db, err := sqlite.Open(ctx, "app.db")
//
// A Django, or any number of other processes, may use the same file at the same
// time. The file is switched to write-ahead logging. One connection writes, a
// few read beside it.
package sqlite
