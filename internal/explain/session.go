package explain

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/signing"
)

// places say where each engine has its sessions.
var places = map[string]string{
	"db": "in the table django_session", "cached_db": "in the table django_session or its cache",
	"cache": "in the cache", "file": "in the folder of session files",
	"signed_cookies": "in the cookie itself",
}

// session explains a session key, or what a browser has in its session cookie.
func (w *World) session(ctx context.Context, kind Kind, key string) (*Report, error) {
	if w.NoDatabase && (w.Engine == "db" || w.Engine == "cached_db") {
		return nil, ErrNoDatabase
	}
	name := map[Kind]string{SessionKey: "session key", SessionCookie: "session cookie"}[kind]
	r := newReport(kind, name+" "+flow.Brief(key))
	session := w.Site.Sessions.Session(key)
	id, code, err := w.Site.Auth.Verify(ctx, session)
	if err != nil {
		return nil, err
	}
	switch code {
	case "session.none":
		return r.bad("key", code, w.shape(key), "let the user log in again"), nil
	case "session.missing", "session.expired":
		r.good("key", "%s", w.shape(key))
		return r, w.missing(ctx, r, key)
	}
	r.good("key", "%s", w.shape(key))
	r.Expires = id.Expires
	if id.Expires.IsZero() {
		r.good("session", "found %s", places[w.Engine])
	} else {
		r.good("session", "found %s, ends %s", places[w.Engine], when(id.Expires))
	}
	text, err := w.stored(ctx, key)
	if err != nil {
		return nil, err
	}
	if code == "session.corrupt" || code == "session.bad_signature" {
		w.corrupt(r, text)
		return r, nil
	}
	w.signature(r, text, w.salt())
	return r, w.who(ctx, r, session, id, code)
}

// shape returns what the form of a key is.
func (w *World) shape(key string) string {
	n := utf8.RuneCountInString(key)
	odd := strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789") != ""
	switch {
	case key == "":
		return "there is no session key"
	case n < 8:
		return fmt.Sprintf("a key of %s; one of less than 8 counts as no key", plural(int64(n), "character"))
	case w.Engine == "signed_cookies":
		return fmt.Sprintf("%d characters", n)
	case n != 32 || odd:
		return fmt.Sprintf("%d characters, though keys of Django and Coatcheck have 32 of a-z and 0-9", n)
	}
	return "32 characters of a-z and 0-9"
}

// stored returns the text that the store has under a key, whether it has expired or not, or "" if
// the store cannot tell.
func (w *World) stored(ctx context.Context, key string) (string, error) {
	text, _, err := w.storedUntil(ctx, key)
	return text, err
}

func (w *World) storedUntil(ctx context.Context, key string) (string, time.Time, error) {
	store, ok := w.Store.(interface {
		Stored(ctx context.Context, key string) (string, time.Time, error)
	})
	if !ok {
		return "", time.Time{}, nil
	}
	text, expires, err := store.Stored(ctx, key)
	if errors.Is(err, sessions.ErrNotFound) || errors.Is(err, errors.ErrUnsupported) {
		return "", time.Time{}, nil
	}
	return text, expires, err
}

// missing reports why there is no session under a key.
func (w *World) missing(ctx context.Context, r *Report, key string) error {
	const code = "session.missing"
	text, expires, err := w.storedUntil(ctx, key)
	switch {
	case err != nil:
		return err
	case w.Engine == "signed_cookies" && expires.IsZero():
		reason, remedy := w.badSignature(key, w.salt())
		r.bad("signature", code, reason, remedy)
	case !expires.IsZero():
		r.Expires = expires
		if w.Engine == "signed_cookies" { // whose signature says when it ends
			w.signature(r, text, w.salt())
		}
		r.bad("session", "session.expired", "the session expired "+when(expires), "let the user log in "+
			"again; --session-cookie-age (SESSION_COOKIE_AGE) is how long sessions live")
	case signedForm.MatchString(key):
		r.bad("session", code, "there is no session of this key, which has the form of a signed cookie",
			"if the Django site keeps sessions in cookies, set --session-engine signed_cookies")
	default:
		return w.unknown(ctx, r, key)
	}
	return nil
}

// unknown is about a key that the store does not have.
func (w *World) unknown(ctx context.Context, r *Report, key string) error {
	reason := "there is no session of this key " + places[w.Engine]
	remedy := "it was logged out or ended, or expired and was cleared, or is of another site or engine " +
		"(--session-engine is " + w.Engine + ", SESSION_ENGINE); let the user log in again"
	if w.Engine != "db" && w.Engine != "cached_db" && !w.NoDatabase {
		row, err := w.Site.Database.SessionByKey(ctx, key, time.Unix(0, 0))
		switch {
		case err == nil && row.Expires.After(time.Now()):
			reason += ", though a row of it is in the table django_session"
			remedy = "if the Django site keeps its sessions there, set --session-engine db, or cached_db"
		case errors.Is(err, database.ErrNotFound), w.Site.Database.Facts().Ready(true) != nil:
		case err != nil: // and the table is there
			return err
		}
	}
	r.bad("session", "session.missing", reason, remedy)
	return nil
}

// who reports whom a session signs in, or why nobody.
func (w *World) who(
	ctx context.Context, r *Report, session *sessions.Session, id auth.Identity, code flow.Code,
) error {
	if session.ReadOnly() {
		r.good("data", "holds values that only Python understands, so it is read and never written back")
	}
	if code == "user.anonymous" {
		w.nobody(r, session)
		return nil
	}
	r.User = &User{ID: shown(id.UserID)}
	backend := shown(id.Backend)
	if code == "user.backend_unknown" {
		r.bad("backend", code, "a session of a backend that is not configured here: "+backend, fmt.Sprintf(
			"add it with --authentication-backend %s (AUTHENTICATION_BACKENDS)", backend))
		return nil
	}
	r.good("backend", "%s", backend)
	if code == "user.too_old" {
		r.bad("age", code, "the login is longer ago than --session-max-age allows, "+span(w.MaxAge)+
			began(session), "let the user log in again")
		return nil
	}
	if w.NoDatabase {
		r.Unchecked = []string{"user", "password", "ending"}
		r.passed("session.loaded", "the session is good; whether its user is, only the database knows")
		return nil
	}
	return w.user(ctx, r, session, id, code)
}

// began returns when a session began, if it knows.
func began(session *sessions.Session) string {
	text, _ := session.Peek(sessionkeys.Began)
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return ""
	}
	return ": it was " + when(time.Unix(n, 0))
}

// nobody is about a session that names no user.
func (w *World) nobody(r *Report, session *sessions.Session) {
	reason, remedy := "the session is good, and nobody is signed in to it", "let the user log in"
	_, named := session.Peek(sessionkeys.UserID)
	if _, pending := session.Peek(sessionkeys.Pending); pending {
		reason = "a login waits for its next step, so nobody is signed in yet"
		remedy = "let the user finish it"
	} else if named {
		reason = "the session names a user and no backend, so nobody is signed in"
	}
	r.bad("login", "user.anonymous", reason, remedy)
}

// user reports what is wrong with the user of a session, if something is.
func (w *World) user(
	ctx context.Context, r *Report, session *sessions.Session, id auth.Identity, code flow.Code,
) error {
	if code == "user.gone" {
		r.bad("user", code, fmt.Sprintf("there is no user with the ID %s", r.User.ID),
			"the account was deleted, or --database is that of another site")
		return nil
	}
	user := id.User
	if user.IsAnonymous() {
		var err error
		user, err = w.Site.Database.UserByID(ctx, id.UserID)
		if err != nil && !errors.Is(err, database.ErrNotFound) {
			return err
		}
	}
	if user != nil {
		r.User.Username = shown(user.Username)
	}
	who := fmt.Sprintf("user '%s', ID %s", r.User.Username, r.User.ID)
	if code == "user.inactive" {
		r.bad("user", code, who+", is not active", "coatcheck activate "+r.User.Username+
			" lets the user log in again; this session ends when it is used")
		return nil
	}
	if user != nil && !user.IsActive {
		r.good("user", "%s, is not active, which the backend allows", who)
	} else {
		r.good("user", "%s, is active", who)
	}
	switch code {
	case "user.hash_mismatch":
		w.mismatch(r, session)
	case "user.ended":
		r.good("password", "is that of the login")
		return w.ended(ctx, r, id.UserID)
	default:
		return w.signedIn(r, session, user, code)
	}
	return nil
}

// mismatch reports why the auth hash of a session is not the user's.
func (w *World) mismatch(r *Report, session *sessions.Session) {
	stored, _ := sessionkeys.Text(sessionkeys.Loaded(session), sessionkeys.Hash)
	reason, remedy := "the password was changed after this login", "let the user log in again"
	switch {
	case stored == "":
		reason = "the session has no hash of the user's password"
	case len(stored) == 40 && !w.Keys.AcceptSHA1:
		reason = "the session has a hash by SHA-1, which Django before 4.0 made"
		remedy = "set --accept-sha1, or let the user log in again"
	case r.SignedWith == "": // nothing proves that the key of the login is among ours
		reason += ", or the login was made with a secret key that is not configured"
		remedy += ", or add the key to --secret-key-fallbacks-file (SECRET_KEY_FALLBACKS)"
	}
	r.bad("password", "user.hash_mismatch", reason, remedy)
}

// ended reports when a session was ended with the others.
func (w *World) ended(ctx context.Context, r *Report, userID string) error {
	ending, err := own.New(w.Site.Database).Ending(ctx, userID)
	if err != nil {
		return err
	}
	r.bad("ending", "user.ended", "this session was ended with the others of the user "+
		when(time.UnixMicro(ending)), "let the user log in again")
	return nil
}

// signedIn closes the report about a session that signs somebody in.
func (w *World) signedIn(r *Report, session *sessions.Session, user *auth.User, code flow.Code) error {
	stored, _ := sessionkeys.Text(sessionkeys.Loaded(session), sessionkeys.Hash)
	key, err := w.hashKey(user, stored)
	if err != nil {
		return err
	}
	r.good("password", "is that of the login, by a hash with %s", key)
	reason := fmt.Sprintf("user '%s' is signed in", r.User.Username)
	if code == "user.found_by_old_key" {
		reason += ", by a hash with a former key, which the next request renews"
	}
	r.passed(code, reason)
	return nil
}

// hashKey is the setting that has the key of a session's auth hash.
func (w *World) hashKey(user *auth.User, stored string) (string, error) {
	config := auth.Config{Users: w.Site.Database, Passwords: w.Passwords}
	for i := range w.Keys.All() {
		config.Keys = w.alone(i)
		service, err := auth.New(config)
		if err != nil {
			return "", err
		}
		if hmac.Equal([]byte(service.SessionAuthHash(user)), []byte(stored)) {
			return setting(i), nil
		}
	}
	return setting(0) + " by SHA-1", nil
}

// salt is that of the signature of the engine's sessions, or "" where they have none.
func (w *World) salt() string {
	switch w.Engine {
	case "cache":
		return ""
	case "signed_cookies":
		return cookieSalt
	}
	return sessions.DefaultSalt
}

// signature reports by which key the text of a session is signed.
func (w *World) signature(r *Report, text, salt string) {
	switch {
	case salt == "":
		r.good("signature", "none, as in every cache")
	case text != "":
		if key, at, ok := w.signedWith(text, salt); ok {
			r.SignedWith = key
			r.good("signature", "signed with %s %s", key, when(at))
		}
	}
}

// signedWith returns the setting that has the key of a signature, and when it was made.
func (w *World) signedWith(text, salt string) (key string, at time.Time, ok bool) {
	for i := range w.Keys.All() {
		signer, err := newSigner(w.alone(i), salt)
		if err != nil {
			continue
		}
		if _, at, err = signer.Unsign(text); err == nil {
			return setting(i), at, true
		}
	}
	return "", time.Time{}, false
}

func newSigner(keys signing.Keys, salt string) (*signing.TimestampSigner, error) {
	return signing.NewTimestamp(signing.Config{Key: keys.Secret, Salt: salt, AcceptSHA1: keys.AcceptSHA1})
}
