// Package accounts manages what people do with their accounts beyond signing in and out. It
// has no pages. It knows where each user is signed in, creates links that work once, and
// sends emails. The pages of package views call it, and a program of one's own may.
// views call it, and a program of one's own may.
//
// It keeps what it needs in tables of its own, coatcheck_session, coatcheck_link
// and coatcheck_mail; Django's stay as they are. It is between floors 2 and 3, beside auth.
package accounts
