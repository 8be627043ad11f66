// Package plain is the yardstick of a login-required page: what a careful programmer writes
// into one handler, without layers. It does every check of Django by two dependent SELECTs.
package plain

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/bench/protocol"
)

// ErrNobody means that a request is nobody's.
var ErrNobody = errors.New("nobody is signed in")

// A User is a row of auth_user.
type User struct {
	ID                                     int64
	Password, Username, First, Last, Email string
	Superuser, Staff, Active               bool
	LastLogin                              *time.Time
	Joined                                 time.Time
}

// Rows are the queries, as each driver asks them best.
type Rows interface {
	// Session returns the data of a session that has not expired, or ErrNobody.
	Session(ctx context.Context, key string, now time.Time) (string, error)
	// User returns the user of that ID, or ErrNobody.
	User(ctx context.Context, id int64) (User, error)
	// UserByName returns the user of that name, or ErrNobody.
	UserByName(ctx context.Context, name string) (User, error)
	// Login adds a session and stores when its user logged in, in one transaction.
	Login(ctx context.Context, user int64, key, data string, expires, now time.Time) error
}

// Site has the pages of the yardstick.
type Site struct {
	rows                 Rows
	dataKey, authHashKey []byte
}

// New returns the pages over these rows.
func New(rows Rows) *Site {
	return &Site{
		rows:        rows,
		dataKey:     derive("django.contrib.sessions.SessionStoresigner"),
		authHashKey: derive("django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"),
	}
}

func derive(salt string) []byte {
	key := sha256.Sum256([]byte(salt + protocol.SecretKey))
	return key[:]
}

func mac(key []byte, value string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(value))
	return h.Sum(nil)
}

// ServeHTTP serves the login-required page and the login.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Cookie")
	if r.Method == http.MethodPost {
		s.login(w, r)
		return
	}
	user, err := s.check(r)
	switch {
	case errors.Is(err, ErrNobody):
		http.Redirect(w, r, "/accounts/login/?next="+r.URL.Path, http.StatusFound)
	case err != nil:
		http.Error(w, "try again", http.StatusServiceUnavailable)
	default:
		protocol.Respond(w, protocol.Profile(user.Username))
	}
}

func (s *Site) check(r *http.Request) (User, error) {
	cookie, err := r.Cookie("sessionid")
	if err != nil || len(cookie.Value) < 8 {
		return User{}, ErrNobody
	}
	signed, err := s.rows.Session(r.Context(), cookie.Value, time.Now())
	if err != nil {
		return User{}, err
	}
	payload, err := s.verify(signed)
	if err != nil {
		return User{}, ErrNobody
	}
	var data struct {
		ID      json.Number `json:"_auth_user_id"`
		Backend string      `json:"_auth_user_backend"`
		Hash    string      `json:"_auth_user_hash"`
	}
	if err := json.Unmarshal(payload, &data); err != nil {
		return User{}, ErrNobody
	}
	id, err := data.ID.Int64()
	if err != nil || data.Backend != backend {
		return User{}, ErrNobody
	}
	user, err := s.rows.User(r.Context(), id)
	if err != nil {
		return User{}, err
	}
	if !user.Active || !hmac.Equal([]byte(data.Hash), []byte(s.authHash(user))) {
		return User{}, ErrNobody
	}
	return user, nil
}

func (s *Site) authHash(u User) string { return hex.EncodeToString(mac(s.authHashKey, u.Password)) }

// verify is django.core.signing.loads up to the JSON.
func (s *Site) verify(signed string) ([]byte, error) {
	i := strings.LastIndexByte(signed, ':')
	if i < 0 {
		return nil, ErrNobody
	}
	want := base64.RawURLEncoding.EncodeToString(mac(s.dataKey, signed[:i]))
	if !hmac.Equal([]byte(want), []byte(signed[i+1:])) {
		return nil, ErrNobody
	}
	payload := signed[:i]
	j := strings.LastIndexByte(payload, ':')
	if j < 0 {
		return nil, ErrNobody
	}
	encoded, compressed := strings.CutPrefix(payload[:j], ".")
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || !compressed {
		return raw, err
	}
	z, err := zlib.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
