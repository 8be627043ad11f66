// Package messages keeps one-time notices for the next page: Django's
// django.contrib.messages, byte for byte, so that what a view of one side says is shown
// by a page of the other.
//
//	messages.Success(r.Context(), "Your profile was saved.")
//	http.Redirect(w, r, "/", http.StatusSeeOther)
//
// and on the next page
//
//	for _, m := range notices { … } // of messages.Take(r.Context())
//
// The middleware of a site (coatcheck.Site.Messages) keeps them in a signed cookie, and
// in the session what is too long for that.
package messages
