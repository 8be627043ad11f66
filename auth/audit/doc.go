// Package audit records what happens to accounts: logins, failed logins, changes of passwords and
// addresses, endings of sessions, and what commands do.
//
// The events are rows of coatcheck_audit, which are added, never changed, and removed when they are
// old. An event that changes an account is written in the transaction of the change: both
// happen, or neither does. Another event waits in memory for a second at most, so that no request
// waits for it; the log of the site tells if some could not be written.
//
// To add an event, add a line to the table in codes.go and a call of [Log.Add]. A program reads
// the events by accounts.Service.Audit, and coatcheck audit prints them. The package stands
// between layer 2 and 3 of 5, below auth.
package audit
