package accounts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/sessions"
)

// How a session's user signed in, as far as the index knows.
const (
	MethodPassword   = "password"    // on the login page, or by Login of a program
	MethodRemoteUser = "remote-user" // named by the web server in front
	MethodPasskey    = "passkey"     // in place of a password
	MethodElsewhere  = "elsewhere"   // seen for the first time: made by Django, or before there was an index
)

// The limits of the index.
const (
	maxUserAgent = 512
	prefixLength = 8 // of a key, that the index keeps to find it by

	// writeEvery is how often a session that is in use is written to the index,
	// and writeMove how often one that is used from changing places.
	writeEvery = 5 * time.Minute
	writeMove  = 30 * time.Second

	indexTimeout = 5 * time.Second
)

// Record writes to the index what a request did to its session, before the cookie
// goes out, so that an ending finds whatever a client was told of: a session that was
// begun, one that got another key, and those that were ended, whose rows go. The error
// is a failure of the store, or sessions.ErrInterrupted for a session that was ended after it got
// another key: nobody may get its cookie. It is for middleware.SessionHooks.
func (s *Service) Record(r *http.Request, _ string) error {
	session, err := sessions.FromContext(r.Context())
	if err != nil || !s.EndsSessions() {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), indexTimeout)
	defer cancel()
	for _, key := range session.Ended() {
		if err := s.endMoved(ctx, string(key)); err != nil {
			return err
		}
	}
	key, now := s.sighted(r)
	if key == "" {
		return nil
	}
	if from := session.MovedFrom(); from != "" {
		return s.recordMove(ctx, session, string(from), now)
	}
	row := s.row(key, now)
	row.Method = methodOf(session)
	if _, err := s.own.InsertIndexedSession(ctx, row); err != nil {
		return fmt.Errorf("accounts: index session: %w", err)
	}
	s.recent.remember(key, now)
	return nil
}

// forget removes the row of a session that has ended. What is left over is removed
// when the list is shown.
func (s *Service) forget(ctx context.Context, key string) {
	s.unsee(key)
	if err := s.own.DeleteIndexedSession(ctx, keyHash(key)); err != nil {
		s.log.WarnContext(ctx, "an ended session could not be removed from the index", "error", err)
	}
}

// unsee forgets what this node has seen of a session.
func (s *Service) unsee(key string) {
	s.recent.forget(key)
	s.sightings.drop(key)
}

// Track sees that a session was used, once the request is done: by what and from where, and
// when. It never waits: what it saw is written to the index within a few seconds, that of many
// sessions in one statement, and by Flush. A session that is in use is written every five
// minutes, however many nodes see it, and one that nobody asked for, or that nobody is signed in
// to, not at all. Its key is sealed anew each time, so that it can be found when a former secret
// key is gone. A session that is not in the index was made elsewhere. It is for
// middleware.SessionHooks.
func (s *Service) Track(r *http.Request, _ string) {
	key, now := s.sighted(r)
	if key == "" || s.recent.written(key, now) {
		return
	}
	session, err := sessions.FromContext(r.Context())
	if err != nil {
		return
	}
	_, ours := session.Peek(sessionkeys.Ending)
	// Clones do not keep in memory what these are parts of.
	now.userID, now.userAgent = strings.Clone(now.userID), strings.Clone(now.userAgent)
	if s.sightings.add(strings.Clone(key), sighting{now, ours}, s.flushLater) {
		s.recent.remember(key, now)
	}
}

// ensureRow sees to it that the index has the session of a request that is about to move
// it, also if rows were lost: what has none after the move was ended concurrently.
func (s *Service) ensureRow(r *http.Request) error {
	key, now := s.sighted(r)
	if key == "" { // that there is no session is said where it is needed
		return nil
	}
	row := s.row(key, now)
	isNew, err := s.see(r.Context(), row)
	if err != nil {
		return fmt.Errorf("accounts: index session: %w", err)
	}
	if session, err := sessions.FromContext(r.Context()); isNew && err == nil {
		if _, ours := session.Peek(sessionkeys.Ending); !ours {
			s.recordElsewhere(r.Context(), row, key)
		}
	}
	return nil
}

// see writes to the index that a session was used, and the session too if it is new there,
// which it reports.
func (s *Service) see(ctx context.Context, row own.IndexedSession) (isNew bool, err error) {
	known, err := s.own.SeenIndexedSession(ctx, row)
	if known || err != nil {
		return false, err
	}
	return s.own.InsertIndexedSession(ctx, row)
}

// sighted returns the key of the session that a request is signed in by, and what the
// request shows of its user. The key is "" where there is nothing to index.
func (s *Service) sighted(r *http.Request) (key string, now seen) {
	session, err := sessions.FromContext(r.Context())
	if err != nil || !s.EndsSessions() {
		return "", seen{}
	}
	userID := signedInTo(session)
	if userID == "" {
		return "", seen{}
	}
	return string(session.Key()), seenOf(r, userID, s.now())
}

// seenOf is what a request shows of the user of a session.
func seenOf(r *http.Request, userID string, at time.Time) seen {
	return seen{userID, requestinfo.Client(r), userAgent(r), at}
}

// row is a session as the index has it, made elsewhere unless a login made it.
func (s *Service) row(key string, now seen) own.IndexedSession {
	row := own.IndexedSession{
		KeyHash: keyHash(key), UserID: now.userID, UserAgent: now.userAgent, Locator: s.locator(key),
		Method: MethodElsewhere, Created: now.at, LastSeen: now.at,
	}
	if now.client.IsValid() {
		row.IP = now.client.String()
	}
	return row
}

// signedInTo is the ID of the user that a session names, as far as it is loaded.
func signedInTo(session *sessions.Session) string {
	return sessionkeys.UserOf(sessionkeys.Loaded(session))
}

// userAgent is the header, cut to what the index keeps. It is ASCII by the standard
// (RFC 9110), and what is not becomes a question mark: there are columns that hold no
// more.
func userAgent(r *http.Request) string {
	text := strings.Map(printable, r.UserAgent())
	return text[:min(len(text), maxUserAgent)]
}

// printable drops what is no text.
func printable(c rune) rune {
	switch {
	case c < ' ' || c == 0x7f:
		return -1
	case c > 0x7f:
		return '?'
	}
	return c
}

// methodOf reports from the backend and the first proof how the user of a new session signed in.
func methodOf(session *sessions.Session) string {
	if raw, _ := session.Peek(sessionkeys.Backend); strings.Contains(raw, "RemoteUser") {
		return MethodRemoteUser
	}
	if _, there := session.Peek(sessionkeys.Origin); there { // providers alone tell one
		return methodOIDC
	}
	var proofs []auth.Proof
	if raw, ok := session.Peek(sessionkeys.Proofs); ok && json.Unmarshal([]byte(raw), &proofs) == nil &&
		len(proofs) > 0 && proofs[0].Method == MethodPasskey {
		return MethodPasskey
	}
	return MethodPassword
}

// keyHash names a session without telling its key, which has 165 random bits.
func keyHash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// What a locator begins with.
const (
	locatorPrefix = "p:" // the beginning of the key, enough to find it in an index
	locatorSealed = "s:" // a secret key's name, and the key sealed by it, for stores that find nothing
)

// locator returns the text from which the session key can later be recovered. A store
// that finds keys by their beginning needs no more than that; for another one the key is
// kept, encrypted by the secret key of the site.
func (s *Service) locator(key string) string {
	if _, ok := s.sessions.Config().Store.(sessions.Finder); ok && len(key) > prefixLength {
		return locatorPrefix + key[:prefixLength]
	}
	return locatorSealed + s.locators.KeyName() + ":" + s.locators.Seal(key, keyHash(key))
}

// find returns the key of an indexed session, or "" where it has ended.
func (s *Service) find(ctx context.Context, row own.IndexedSession) (string, error) {
	if sealed, ok := strings.CutPrefix(row.Locator, locatorSealed); ok {
		if _, text, named := strings.Cut(sealed, ":"); named {
			sealed = text
		}
		key, err := s.locators.Open(sealed, row.KeyHash)
		if err != nil {
			return "", nil //nolint:nilerr // a secret key that is gone sealed it
		}
		return key, nil
	}
	finder, ok := s.sessions.Config().Store.(sessions.Finder)
	if !ok {
		return "", nil
	}
	keys, err := finder.FindKeys(ctx, strings.TrimPrefix(row.Locator, locatorPrefix))
	if err != nil {
		return "", fmt.Errorf("accounts: find session: %w", err)
	}
	for _, key := range keys {
		if keyHash(key) == row.KeyHash {
			return key, nil
		}
	}
	return "", nil
}
