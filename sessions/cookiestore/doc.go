// Package cookiestore keeps a session in its cookie, signed and readable by anyone who has it,
// and nothing on the server (Django: django.contrib.sessions.backends.signed_cookies). It is
// on floor 2, the session engine.
//
// Such a session cannot be ended. A logout takes the cookie from the browser;
// anyone who copied it before stays signed in until SESSION_COOKIE_AGE has passed,
// or the user's password changes. Two requests at once overwrite each other's
// changes. Choose another store unless a site must live beside one of Django
// that has this one.
package cookiestore
