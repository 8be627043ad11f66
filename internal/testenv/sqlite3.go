package testenv

import "testing"

// SQLite3 is the path of SQLite's shell.
func SQLite3(t testing.TB) string {
	t.Helper()
	path, err := find("sqlite3")
	if err != nil {
		absent(t, err, "apt-get install sqlite3")
	}
	return path
}
