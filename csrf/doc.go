// Package csrf creates and checks the secrets and tokens by which Django distinguishes the
// forms of its own pages from those of other sites. It is on floor 0, the pure tools.
//
// A browser keeps a [Secret], in a cookie or in its session, and every form
// carries a token, which is the secret behind a mask that is new each time, so
// that nobody can guess it byte by byte from compressed pages (BREACH). Where a
// token [Secret.Match]es the secret, the form came from a page of the site.
//
// Both are what Django 3.2 to 6.1 write and read: a form that Django rendered
// is good here, and the other way. The decisions about requests are those of
// middleware.CSRF.
package csrf
