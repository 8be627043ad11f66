// Package validate judges new passwords as Django's AUTH_PASSWORD_VALIDATORS do.
//
// [Password] asks a list of validators, [Default] is the list of a new Django project,
// and [Validator] is the interface for one of your own. The list of common passwords is
// Django's, under the licence in the folder django. It is one of the pure tools of floor 0.
package validate
