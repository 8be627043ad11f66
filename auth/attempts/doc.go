// Package attempts counts guesses of passwords, and sign-ups and emails that unknown
// clients ask for, so that nobody has unlimited guesses.
//
// [Config] has the limits. A [Counter] takes, gives back and renews the budgets of client
// addresses, accounts and known devices; [Devices] is the cookie by which an account knows
// a browser. The budgets are in a throttle.Store. auth.Service uses all of it. The package
// stands between layer 2 and 3 of 5, below auth.
package attempts
