package explain

import (
	"context"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cookiestore"
	"github.com/coatcheck/coatcheck/signing"
)

const cookieSalt = cookiestore.Salt

// salts are the purposes for which Django and Coatcheck sign texts of this form.
var salts = []struct{ salt, purpose string }{
	{sessions.DefaultSalt, "session_data of the engines db, cached_db and file"},
	{cookieSalt, "a session of the engine signed_cookies"},
	{"django.contrib.messages", "messages for the next page (MESSAGE_STORAGE)"},
	{signing.DumpsSalt, "what django.core.signing.dumps made for a purpose of the site's own"},
	{signing.TimestampSalt, "what a TimestampSigner made for a purpose of the site's own"},
}

const compareWhole = "compare it with the whole value"

// badSignature returns why the signature of a text is not good for a purpose.
func (w *World) badSignature(text, salt string) (reason, remedy string) {
	if mac, data, ok := legacy(text); ok {
		return w.legacyReason(mac, data)
	}
	if !signedForm.MatchString(text) {
		return "this has not the form of a signed text: it was cut off, or is none", compareWhole
	}
	with := w.Keys
	with.AcceptSHA1 = true
	if verifies(with, text, salt) {
		return "the signature is by SHA-1, which Django before 4.0 made",
			"set --accept-sha1, or let the user log in again"
	}
	for _, other := range salts {
		if other.salt != salt && verifies(w.Keys, text, other.salt) {
			return "the signature is good for another purpose: " + other.purpose,
				"--session-engine is " + w.Engine + " (SESSION_ENGINE); set it to the engine that wrote " +
					"this, or give the right value"
		}
	}
	signature := text[strings.LastIndexByte(text, ':')+1:]
	if n := len(signature); n != 43 && n != 27 {
		return fmt.Sprintf("the signature has %s instead of 43: it was cut off or changed",
			plural(int64(n), "character")), compareWhole
	}
	return "no configured key made this signature: it is by another SECRET_KEY, or the text was changed",
		"compare --secret-key-file with the SECRET_KEY of the site that wrote it; add a former key to " +
			"--secret-key-fallbacks-file (SECRET_KEY_FALLBACKS)"
}

// verifies reports whether one of the keys made the signature for that purpose.
func verifies(keys signing.Keys, text, salt string) bool {
	signer, err := signing.NewTimestamp(signing.Config{
		Key: keys.Secret, FallbackKeys: keys.Fallbacks, Salt: salt, AcceptSHA1: keys.AcceptSHA1,
	})
	if err != nil {
		return false
	}
	_, _, err = signer.Unsign(text)
	return err == nil
}

// legacySalt is that of session data before Django 3.1.
const legacySalt = "django.contrib.sessions" + "SessionStore"

// legacyReason is about session data in the form of Django before 3.1.
func (w *World) legacyReason(mac, data string) (reason, remedy string) {
	reason = "session data in the form of Django before 3.1, by a key that is not configured"
	for i, key := range w.Keys.All() {
		sum := hex.EncodeToString(signing.SaltedHMAC(sha1.New, legacySalt, data, key))
		if subtle.ConstantTimeCompare([]byte(sum), []byte(mac)) == 1 {
			reason = "session data in the form of Django before 3.1, by " + setting(i)
		}
	}
	return reason, "Django 3.1 and 3.2 read it and write it anew, later ones and Coatcheck do not; " +
		"let the user log in again"
}

// corrupt reports why the text of a session cannot be decoded.
func (w *World) corrupt(r *Report, text string) {
	const code = "session.corrupt"
	switch salt := w.salt(); {
	case salt == "":
		r.bad("data", code, "what the cache has under the key is no session",
			"another program may use the cache: compare --cache-key-prefix and --cache-version "+
				"(KEY_PREFIX, VERSION)")
	case text == "":
		r.bad("data", code, "the session's data cannot be read", "let the user log in again")
	default:
		w.corruptText(r, text, salt)
	}
}

// corruptText is corrupt for a text that is signed for a purpose.
func (w *World) corruptText(r *Report, text, salt string) {
	key, at, ok := w.signedWith(text, salt)
	if !ok {
		reason, remedy := w.badSignature(text, salt)
		r.bad("signature", "session.bad_signature", reason, remedy)
		return
	}
	r.SignedWith = key
	r.good("signature", "signed with %s %s", key, when(at))
	reason, remedy := "the signature is good, and what is signed is no session", "let the user log in again"
	signer, err := signing.NewTimestamp(signing.Config{
		Key: w.Keys.Secret, FallbackKeys: w.Keys.Fallbacks, Salt: salt, AcceptSHA1: w.Keys.AcceptSHA1,
	})
	payload := ""
	if err == nil {
		payload, err = signer.LoadsText(text)
	}
	switch pickled := strings.HasPrefix(payload, "\x80"); {
	case errors.Is(err, signing.ErrTooLarge):
		reason = "the signature is good, and the data is larger than 4 MiB when decompressed"
	case err != nil:
	case pickled && w.Serializer != sessions.PickleSerializer:
		reason = "the signature is good, and the data is a pickle, by another serializer"
		remedy = "set --session-serializer pickle (SESSION_SERIALIZER)"
	case !pickled && w.Serializer == sessions.PickleSerializer:
		reason = "the signature is good, and the data is no pickle, by another serializer"
		remedy = "set --session-serializer json (SESSION_SERIALIZER)"
	}
	r.bad("data", "session.corrupt", reason, remedy)
}

// data explains a signed text: session_data, or what a signed_cookies site has in its cookie.
func (w *World) data(ctx context.Context, text string) (*Report, error) {
	_, _, cookie := w.signedWith(text, cookieSalt)
	_, _, row := w.signedWith(text, sessions.DefaultSalt)
	switch {
	case w.Engine == "signed_cookies" && !row && !isLegacy(text):
		return w.session(ctx, SessionCookie, text)
	case cookie:
		r := newReport(SessionCookie, "session cookie of the engine signed_cookies")
		reason, remedy := w.badSignature(text, sessions.DefaultSalt)
		return r.bad("signature", "session.missing", reason, remedy), nil
	}
	r := newReport(SessionData, "session data")
	codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: w.Keys, Serializer: w.Serializer})
	if err != nil {
		return nil, err
	}
	record, at := codec.RecordSigned(text)
	if record.Corrupt != nil {
		w.corruptText(r, text, sessions.DefaultSalt)
		return r, nil
	}
	return r, w.decoded(ctx, r, text, record, at)
}

// decoded explains session data that could be read, as that of a session that is looked up.
func (w *World) decoded(
	ctx context.Context, r *Report, text string, record *sessions.Record, at time.Time,
) error {
	w.signature(r, text, sessions.DefaultSalt)
	config := w.Site.Sessions.Config()
	expires, err := record.Data.Expiry(at, config.CookieAge, config.Location)
	if err == nil {
		r.Expires = expires
		if expires.Before(time.Now()) {
			r.bad("session", "session.expired", "the session expired "+when(expires)+", unless its "+
				"expire_date says another time", "let the user log in again")
			return nil
		}
	}
	config.Store = ReadOnly(one{record: record})
	engine, err := sessions.New(config)
	if err != nil {
		return err
	}
	session := engine.Session(sessions.NewKey())
	id, code, err := w.Site.Auth.Verify(ctx, session)
	if err != nil {
		return err
	}
	r.good("data", "%s", plural(int64(record.Data.Len()), "value"))
	return w.who(ctx, r, session, id, code)
}

// one is a store with one session, whatever the key.
type one struct {
	sessions.Store
	record *sessions.Record
}

func (o one) Load(context.Context, string) (*sessions.Record, error) { return o.record, nil }
