// Package oidc is the account pages for OpenID providers: users link an account that they have
// elsewhere, and sign in by it in place of a password. A program opts in by views.Options.Extras:
//
//	Extras: []views.Extra{oidc.New(oidc.Options{Providers: []oidc.Provider{{
//		Name: "example", Issuer: "https://login.example.com", ClientID: "…", Secret: "…",
//	}}})},
//
// It is on floor 4, the views: a feature.
package oidc
