// Package twofactor is the second factor of a login: a code by an app (TOTP, RFC 6238), or one of
// ten recovery codes for the day when the app is lost. A Service has the steps of a login that ask
// for it, adds and removes the app of a user, and checks codes, each of which is good once. It
// stands between layer 2 and 3 of 5, above auth.
package twofactor
