// Package resettoken makes and checks the tokens of the links by which users set a new
// password, without storing them, and the text that names the user in such a link.
//
// Both are Django's: a token of either side is accepted by the other. A token ends with
// its time, with a change of the user's password or email address, and with the user's
// next login. auth.Service has a [Generator] of its own configuration. The package stands
// between layer 2 and 3 of 5, below auth.
package resettoken
