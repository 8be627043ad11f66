// Package httptext reads and writes the texts of HTTP headers as Django and Python do. It is
// on floor 0, the pure tools.
//
// [Lookup] and [ParseCookie] read the Cookie header, [SetCookie] and
// [DeleteCookie] write Set-Cookie, [PatchVary] and [NeverCache] tell caches
// what a response depends on, [HTTPDate] writes dates.
//
// net/http reads and writes other cookies: it takes the first of two that have
// one name where Django takes the last, drops values that Python quotes, and
// orders attributes otherwise. A service that shares sessions with a Django site
// must see the same cookie as Django does, so it uses this package alone.
package httptext
