// Package hooks lets a program take part in what happens to accounts: sign-ups, logins,
// logouts, changes of passwords and addresses, endings and closings.
//
// A program puts its functions into [Hooks], which coatcheck.Config takes. They are called
// for every door alike: account pages, JSON, the program's own views, links, remote users
// and commands. [Hook.Before] runs in the transaction of the change and can refuse it with
// [Refuse]; [Hook.After] runs once the change is committed. Django's signals
// user_logged_in, user_logged_out and user_login_failed are LoggedIn, LoggedOut and
// LoginFailed. The package stands between layer 2 and 3 of 5, below auth.
package hooks
