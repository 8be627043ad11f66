package testenv

import "testing"

// Fail2banRegex is the path of fail2ban-regex, which tells what a filter of fail2ban finds
// in a log.
func Fail2banRegex(t testing.TB) string {
	t.Helper()
	path, err := find("fail2ban-regex")
	if err != nil {
		absent(t, err, "apt-get install fail2ban")
	}
	return path
}
