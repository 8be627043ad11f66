// Package passkeys is the account pages for passkeys (WebAuthn): users add, name and remove them,
// and sign in with them in place of a password. A program opts in by views.Options.Extras:
//
//	Extras: []views.Extra{passkeys.New(passkeys.Options{})}
//
// It is on floor 4, the views: a feature, in a package that only programs with passkeys import,
// since it brings the modules of go-webauthn.
package passkeys
