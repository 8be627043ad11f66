package testenv

import "testing"

// Shell returns the path of a shell: bash, zsh or fish.
func Shell(t testing.TB, name string) string {
	t.Helper()
	path, err := find(name)
	if err != nil {
		absent(t, err, "apt-get install "+name)
	}
	return path
}
