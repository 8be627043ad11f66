package database

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/coatcheck/coatcheck/database/internal/dialect"
)

// fresh is how long a user who was read along with a session may be taken for the present
// one. A request asks within microseconds.
const fresh = 100 * time.Millisecond

// Along is the user who was read in one statement with a session, or nobody. The statement
// guesses by a hint who it is; UserByID, with the context that Context returns, is asked
// for the user whom the session names, so that a wrong guess costs a query and is never
// believed. UserByID gives a user away once, within fresh, and not after a write to users
// by this DB. Otherwise, and in a transaction, it asks the database.
type Along struct {
	db      *DB
	session uint64 // see hints
	writes  int64  // of db, before the statement
	at      time.Time
	user    atomic.Pointer[User] // nil: nobody
}

type alongKey struct{}

// Context returns ctx with the user, for [DB.UserByID].
func (a *Along) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, alongKey{}, a)
}

// along returns what was read with the session of the context; nil in a transaction.
func (db *DB) along(ctx context.Context) *Along {
	a, ok := ctx.Value(alongKey{}).(*Along)
	if !ok || a.db.users != db.users || db.in(ctx).tx != nil {
		return nil
	}
	return a
}

// take returns the user with this ID, if it is the one and can still be believed.
func (a *Along) take(id string) *User {
	if a == nil {
		return nil
	}
	u := a.user.Swap(nil)
	if u == nil || u.ID != id || a.writes != a.db.userWrites.Load() || time.Since(a.at) > fresh {
		return nil
	}
	return u
}

// learn remembers whose the session is.
func (a *Along) learn(u *User) {
	if a != nil {
		a.db.hints.put(a.session, u.ID)
	}
}

// SessionAndUser is SessionByKey that also reads the user to whom the session is likely to
// belong, in the same statement. It learns the owner from calls of UserByID with the
// context that the Along returns. The Along is nil in a transaction, and for a key of odd form.
func (db *DB) SessionAndUser(ctx context.Context, key string, now time.Time) (*Session, *Along, error) {
	if !plainKey(key) || db.in(ctx).tx != nil {
		s, err := db.SessionByKey(ctx, key, now)
		return s, nil, err
	}
	along := &Along{db: db, session: db.hints.of(key), writes: db.userWrites.Load(), at: time.Now()}
	id := db.hints.get(along.session)
	user, ok := db.userKey(id)
	if !ok {
		s, err := db.SessionByKey(ctx, key, now)
		return s, along, err
	}
	pair := db.newPair(key, id, user, now)
	if err := db.readPair(ctx, pair); err != nil {
		return nil, nil, err
	}
	along.user.Store(pair.finish())
	return &pair.session, along, nil
}

// plainKey reports whether a key has the form of those that Django and this module make,
// more or less, so that no database refuses it.
func plainKey(key string) bool {
	for i := range len(key) {
		if c := key[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return key != "" && len(key) <= 40
}

// pair is a session and a user who are read by one statement.
type pair struct {
	key, id  string // whom and what to look for
	user     any    // the argument that is id
	now      time.Time
	ending   bool // of the user is read too
	session  Session
	expires  dialect.Time
	row      *userRow
	pointers [16]any
}

func (db *DB) newPair(key, id string, user any, now time.Time) *pair {
	p := &pair{key: key, id: id, user: user, now: now, ending: db.Facts().Has(db.annex.Endings)}
	db.clear(p)
	return p
}

// clear prepares for reading.
func (db *DB) clear(p *pair) {
	p.session, p.row = Session{}, db.newUserRow()
	p.expires = dialect.Time{Dest: &p.session.Expires, Dialect: db.dialect}
}

// dest is where the columns go, in the order of the queries.
func (p *pair) dest() []any {
	all := append(p.pointers[:0], &p.session.Key, &p.session.Data, &p.expires)
	if p.ending {
		return append(all, p.row.destEnding()...)
	}
	return append(all, p.row.dest()...)
}

// found returns ErrNotFound where what was read is not what was looked for: MySQL ignores
// case.
func (p *pair) found() error {
	if p.session.Key != p.key || !p.session.Expires.After(p.now.Truncate(time.Microsecond)) {
		return ErrNotFound
	}
	return nil
}

// finish returns the user, or nil where there is none with the ID.
func (p *pair) finish() *User {
	if p.row.absent() {
		return nil
	}
	return p.row.finish()
}

// readPair reads both rows, or returns an error as SessionByKey does.
func (db *DB) readPair(ctx context.Context, p *pair) error {
	read := db.pairAlone
	if db.together != nil && db.onQuery == nil {
		read = db.together.read
	}
	err := read(ctx, p)
	if err == nil {
		err = p.found()
	}
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("database: session: %w", ErrNotFound)
	}
	return err
}

// pairAlone reads both rows by a statement of their own.
func (db *DB) pairAlone(ctx context.Context, p *pair) error {
	q := &db.queries.pair
	if p.ending {
		q = &db.queries.pairAndEnding
	}
	return db.rowOf(ctx, q, p, []any{p.key, db.dialect.Bind(p.now), p.user, p.id}[:q.Marks], p.dest()...)
}

// pairs spells the queries for a session and a user.
func (q *queries) pairs(d *dialect.Dialect, t *userTable, a *Annex) {
	const session = "SELECT s.session_key, s.session_data, "
	from := " FROM django_session s LEFT JOIN " + t.name + " u ON u." + t.id + " = " + t.key(d, "?3") +
		" WHERE s.session_key = ?1 AND s.expire_date > ?2"
	columns := d.TimeColumn("s.expire_date") + ", " + t.columnsOf(d, "u.")
	const name = "session and user row read"
	ending := func(user string) string {
		return ", COALESCE((SELECT ending FROM " + a.Endings + " WHERE user_id = " + user + "), 0)"
	}
	q.pair = d.Query(name, session+columns+from)
	q.pairAndEnding = d.Query(name, session+columns+ending("?4")+from)
	ids := "?3::bigint[], ?4::text[]"
	if t.uuid {
		ids = "?3::text[]::uuid[], ?4::text[]"
	}
	from = " FROM unnest(?1::text[], " + ids + ") AS w(wanted, owner, named)" +
		" JOIN django_session s ON s.session_key = w.wanted" +
		" LEFT JOIN " + t.name + " u ON u." + t.id + " = w.owner WHERE s.expire_date > ?2"
	q.pairsTogether = d.Query(name, session+columns+from)
	q.pairsAndEndings = d.Query(name, session+columns+ending("w.named")+from)
}
