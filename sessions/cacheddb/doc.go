// Package cacheddb keeps sessions in the database and a copy of each in a cache, so that most
// requests read the cache alone (Django: django.contrib.sessions.backends.cached_db). It is on
// floor 2, the session engine.
//
// The row is what counts. A copy is made only under a lease, which every save
// and every logout breaks before it touches the row and again after, so that
// none is ever made of a row that has changed or gone since it was read. A save
// or a logout that cannot reach the cache fails, rather than leave a copy behind
// that says otherwise.
//
// Django's own nodes do neither: where they share the cache, set
// Config.ReadRows.
package cacheddb
