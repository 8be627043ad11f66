package accounts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/sessions"
)

// How a session's user signed in, as far as the index knows.
const (
	MethodPassword   = "password"    // on the login page, or by Login of a program
	MethodRemoteUser = "remote-user" // named by the web server in front
	MethodElsewhere  = "elsewhere"   // seen for the first time: made by Django, or before there was an index
)

// The limits of the index.
const (
	maxUserAgent = 512
	maxListed    = 200 // sessions of one user
	prefixLength = 8   // of a key, that the index keeps to find it by

	// writeEvery is how often a session that is in use is written to the index,
	// and writeMove how often one that is used from changing places.
	writeEvery = 5 * time.Minute
	writeMove  = 30 * time.Second

	// maxSeen bounds what a node remembers of sessions that it has written.
	maxSeen = 1 << 16

	indexTimeout = 5 * time.Second
)

// seen is what a node wrote last about a session.
type seen struct {
	userID    string
	client    netip.Addr
	userAgent string
	at        time.Time
}

// recent remembers what was written, so that most requests write nothing.
type recent struct {
	mu   sync.Mutex // guards what follows
	seen map[string]seen
}

// written says whether there is nothing new to write about the session.
func (m *recent) written(key string, now seen) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	last, ok := m.seen[key]
	if !ok || last.userID != now.userID {
		return false
	}
	if last.client != now.client || last.userAgent != now.userAgent {
		return now.at.Sub(last.at) < writeMove
	}
	return now.at.Sub(last.at) < writeEvery
}

func (m *recent) remember(key string, s seen) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen == nil || len(m.seen) >= maxSeen {
		m.seen = map[string]seen{}
	}
	m.seen[key] = s
}

func (m *recent) forget(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.seen, key)
}

// Track writes the session of a request to the index once the request is done:
// whose it is, from where and by what it was used, and when. Sent is the key that
// the request came with. A session that nobody asked for, or that nobody is
// signed in to, is not looked at, and one that is in use is written every five
// minutes. It is for middleware.Sessions.
func (s *Service) Track(r *http.Request, sent string) {
	ctx := r.Context()
	session, err := sessions.FromContext(ctx)
	if err != nil {
		return
	}
	key, userID := string(session.Key()), signedInTo(session)
	if key == "" || userID == "" {
		return
	}
	now := seen{userID, requestinfo.Client(r), userAgent(r), s.now()}
	if key == sent && s.recent.written(key, now) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), indexTimeout)
	defer cancel()
	if err := s.index(ctx, session, sent, now); err != nil {
		s.log.WarnContext(ctx, "a session could not be written to the index; trying again at its next use", "user", userID, "error", err)
		return
	}
	s.recent.remember(key, now)
	if key != sent {
		s.recent.forget(sent)
	}
}

// signedInTo is the ID of the user that a session names, as far as it is loaded.
func signedInTo(session *sessions.Session) string {
	raw, _ := session.Peek(auth.SessionKey)
	return strings.Trim(raw, `"`)
}

// userAgent is the header, cut to what the index keeps.
func userAgent(r *http.Request) string {
	text := strings.Map(printable, r.UserAgent())
	if len(text) > maxUserAgent {
		text = strings.ToValidUTF8(text[:maxUserAgent], "")
	}
	return text
}

// printable drops what is no text.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f || r == utf8.RuneError {
		return -1
	}
	return r
}

// index writes a session: as seen again, as moved from the key that it had before,
// or as new.
func (s *Service) index(ctx context.Context, session *sessions.Session, sent string, now seen) error {
	key := string(session.Key())
	row := database.IndexedSession{
		KeyHash: keyHash(key), UserID: now.userID, UserAgent: now.userAgent,
		Method: MethodElsewhere, Created: now.at, LastSeen: now.at,
	}
	if now.client.IsValid() {
		row.IP = now.client.String()
	}
	known, err := s.db.SeenIndexedSession(ctx, row)
	if known || err != nil {
		return err
	}
	row.Locator = s.locator(key)
	if key != sent {
		row.Method = methodOf(session)
		if sent != "" {
			moved, err := s.db.MoveIndexedSession(ctx, keyHash(sent), row)
			if moved || err != nil {
				return err
			}
		}
	}
	_, err = s.db.InsertIndexedSession(ctx, row)
	return err
}

// methodOf tells from the backend how the user of a new session signed in.
func methodOf(session *sessions.Session) string {
	if raw, _ := session.Peek(auth.BackendSessionKey); strings.Contains(raw, "RemoteUser") {
		return MethodRemoteUser
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
	locatorSealed = "s:" // the key itself, sealed, for stores that find nothing
)

// locator is by what the key can be found again. A store that finds keys by their
// beginning needs no more than that; for another one the key is kept, encrypted by
// the secret key of the site.
func (s *Service) locator(key string) string {
	if _, ok := s.sessions.Config().Store.(sessions.Finder); ok && len(key) > prefixLength {
		return locatorPrefix + key[:prefixLength]
	}
	return locatorSealed + s.locators.Seal(key, keyHash(key))
}

// find gives the key of an indexed session, or "" where it has ended.
func (s *Service) find(ctx context.Context, row database.IndexedSession) (string, error) {
	if sealed, ok := strings.CutPrefix(row.Locator, locatorSealed); ok {
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

// errNotTheirs: a session has ended, or is somebody else's by now.
var errNotTheirs = errors.New("accounts: the session has ended")

// open loads an indexed session if the user is still signed in to it.
func (s *Service) open(ctx context.Context, row database.IndexedSession, user *auth.User) (*sessions.Session, error) {
	key, err := s.find(ctx, row)
	if err != nil {
		return nil, err
	}
	if key == "" {
		return nil, errNotTheirs
	}
	session := s.sessions.Session(key)
	theirs, err := s.auth.SignedIn(ctx, session, user)
	if err == nil && !theirs {
		err = errNotTheirs
	}
	return session, err
}
