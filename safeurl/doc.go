// Package safeurl decides which URLs a login may redirect to, and encodes them for a Location
// header. It is on floor 0, the pure tools.
//
// A login page learns from its "next" parameter where to go afterwards, and that
// parameter is under the control of the author of the link. [IsSafe] decides
// whether a URL stays on the site (Django:
// url_has_allowed_host_and_scheme); [LoginRedirect] makes the URL of the login
// page that carries "next" (redirect_to_login); [Location] writes a URL as a
// Location header may have it (HttpResponseRedirect, iri_to_uri).
//
// URLs are split as Python's urlsplit splits them, see [Split], because the
// other application of a shared site does, and because net/url refuses or repairs what
// browsers take as it is. Decisions are those of Django 6.1 unless one asks the
// [Rules] of an older one.
package safeurl
