package explain

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/signing"
)

// World is where things are looked up: a site as its configuration wires it. Passwords is
// required, and the rest for a Thing that NeedsSite.
type World struct {
	// Passwords are the hashers of the site.
	Passwords *password.Hashers
	// Site is the site; its session store should be what ReadOnly returns.
	Site *coatcheck.Site
	// Accounts are what looks links up that work once; nil where their table is missing. Site has
	// none, which would write where a session was used.
	Accounts *accounts.Service
	// Store is the session store of the site, and Engine the name of its engine, as "cached_db".
	Store  sessions.Store
	Engine string
	// Keys and Serializer are those of the site's sessions.
	Keys       signing.Keys
	Serializer sessions.Serializer
	// ResetZone is Django's TIME_ZONE, and ResetTimeout its PASSWORD_RESET_TIMEOUT.
	ResetZone    *time.Location
	ResetTimeout time.Duration
	// MaxAge is --session-max-age.
	MaxAge time.Duration
	// CSRFCookie is CSRF_COOKIE_NAME.
	CSRFCookie string
	// NoDatabase means that the database of Site is an empty one in memory, so that nothing about
	// users can be said.
	NoDatabase bool
}

// ErrNoDatabase: a thing that only a database can explain, and there is none.
var ErrNoDatabase = errors.New("this is looked up in the database; leave --no-database out, or give the " +
	"session_data of the row")

// Explain looks a thing up. The error is a failure of a store, never that a thing is not good.
func (w *World) Explain(ctx context.Context, t *Thing) (*Report, error) {
	switch t.Kind {
	case PasswordHash:
		return w.hash(password.Hash(t.text)), nil
	case CSRFToken:
		return csrfToken(t.text), nil
	case SessionKey, SessionCookie:
		return w.session(ctx, t.Kind, t.text)
	case SessionData:
		return w.data(ctx, t.text)
	case CookieHeader:
		return w.cookies(ctx, t.text)
	case ResetLink:
		return w.link(ctx, t.uid, t.text)
	case OnceLink:
		return w.once(ctx, t.address, t.text)
	default:
		return w.request(ctx, t.request)
	}
}

// ReadOnly returns the store without the means to write: everything that would change it returns
// sessions.ErrStoreReadOnly.
func ReadOnly(store sessions.Store) sessions.Store { return readOnly{store} }

type readOnly struct{ sessions.Store }

func (readOnly) Create(context.Context, string, *sessions.Record) error {
	return sessions.ErrStoreReadOnly
}

func (readOnly) Update(context.Context, string, *sessions.Record) error {
	return sessions.ErrStoreReadOnly
}

func (readOnly) Move(context.Context, string, string, *sessions.Record) error {
	return sessions.ErrStoreReadOnly
}

func (readOnly) Delete(context.Context, string) error { return sessions.ErrStoreReadOnly }

// setting is the name of the i-th of the keys.
func setting(i int) string {
	if i == 0 {
		return "SECRET_KEY"
	}
	return "SECRET_KEY_FALLBACKS[" + strconv.Itoa(i-1) + "]"
}

// alone are the keys of which only the i-th is left.
func (w *World) alone(i int) signing.Keys {
	return signing.Keys{Secret: w.Keys.All()[i], AcceptSHA1: w.Keys.AcceptSHA1}
}
