// Package views has the pages on which people sign up, log in, log out and see their profile
// (Django: django.contrib.auth.views). It is layer 4 of 5, the views.
//
//	mux.Handle("/accounts/", site.Views)
//
// Each view serves people and programs alike: HTML to a client whose Accept
// names text/html, as browsers do, and JSON to every other one. Bodies may be
// forms or JSON. The pages need no JavaScript: a small script shows what is typed as
// a password, on request. Their templates, their stylesheet and the script can be
// replaced one by one: see Config.Templates.
//
// The package also has the pages of a site around it, which the server shows:
// Home, Public and APIProfile. Who may enter is decided here for the profile
// alone; for your own views it is the task of package access.
package views
