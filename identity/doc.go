// Package identity decides which texts can be usernames and email addresses, how they are
// normalized before they are stored, and which spellings count as the same one.
//
// [CleanUsername] and [CleanEmail] take what a visitor typed and return what is stored, or
// a [*FieldError] with a sentence for the form. [SameIdentifier] and [SameEmail] compare.
// The rules are Django's, of its validators, its forms and its managers. It is one of the
// pure tools of floor 0.
package identity
