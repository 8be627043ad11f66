// Package fold decides which usernames and which mailboxes count as the same. It is on
// floor 0, the pure tools.
package fold
