// Package i18n translates the account pages and emails, by gettext's catalogues, as Django
// keeps them. It is on floor 0, the pure tools.
//
//	t := i18n.Default().Negotiate(cookie, r.Header.Get("Accept-Language"))
//	t.T("Log in")                                         // Anmelden
//	t.N("%(n)d session", "%(n)d sessions", 3)             // 3 sessions
//	t.T("Signed in as %(username)s.", "username", "ada")
//
// The texts in the program are English, and are what a translation is looked up
// by. Where there is no translation, the English text is shown. A nil
// [Translator] speaks English, so nothing needs to ask whether there is one.
//
// German, French, Spanish and Japanese come along, see [Default]. More languages
// and other words come from folders of .po or .mo files, among them Django's
// own, see [Config].
package i18n
