package database

// Recording returns the DB with every statement also shown to see.
func (db *DB) Recording(see func(string)) *DB {
	recording := *db
	recording.onQuery = see
	return &recording
}

// Memo returns the user with a memo of its own, as one from a DB has.
func Memo(u User) User {
	u.memo = &memo{}
	return u
}
