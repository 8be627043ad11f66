// Package explain says what a cookie, a session key, session data, a password hash, a link, a
// CSRF token or a copied request is, whether it is good on a site, and which step fails first.
// It recognises the thing by its form, and asks the layers of the site themselves, so that it
// cannot disagree with them. It changes nothing that is stored, and nothing that it returns is a
// live secret. It is a part of the programs.
package explain
