package database

import (
	"strings"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/password"
)

// User is a row of auth_user, or of the table that a [UserModel] names. The zero User is the anonymous one: it has no ID.
// Copies of a user share what [User.Cached] keeps.
type User struct {
	// ID is the primary key in decimal, or a UUID; empty for the anonymous user.
	ID string
	// Username is unique, at most 150 characters.
	Username string
	// FirstName and LastName have at most 150 characters, Email at most 254.
	FirstName string
	LastName  string
	Email     string
	// Password is the encoded hash. It is never printed nor marshalled.
	Password password.Hash `json:"-"`
	// LastLogin is zero for a user who never logged in (NULL).
	LastLogin time.Time
	// IsActive is false for an account that is inactive, IsStaff opens the
	// admin site, and IsSuperuser grants every permission.
	IsActive    bool
	IsStaff     bool
	IsSuperuser bool
	// DateJoined is when the account was made.
	DateJoined time.Time

	// Backend names the authentication backend that knows the user, which is
	// not stored with it. Django: user.backend.
	Backend string `json:"-"`

	memo  *memo
	extra *extra // of a custom user model

	ending      int64 // see Ending
	endingKnown bool
}

// IsAuthenticated reports whether this is a user of the table, and not the
// anonymous one. Django: User.is_authenticated.
func (u User) IsAuthenticated() bool { return u.ID != "" }

// IsAnonymous is the opposite of IsAuthenticated. Django: User.is_anonymous.
func (u User) IsAnonymous() bool { return u.ID == "" }

// FullName returns first and last name with a space between, trimmed. Django:
// get_full_name.
func (u User) FullName() string { return strings.TrimSpace(u.FirstName + " " + u.LastName) }

// ShortName returns the first name. Django: get_short_name.
func (u User) ShortName() string { return u.FirstName }

// String returns the username, "AnonymousUser" for the anonymous user.
func (u User) String() string {
	if u.IsAnonymous() {
		return "AnonymousUser"
	}
	return u.Username
}

// Cached returns what load once gave under this key for this user object, as
// Django keeps permissions on the object until it is fetched anew. An error is
// not kept. A User that did not come from a [DB] keeps nothing. It is safe for
// concurrent use; load may itself call Cached.
func (u User) Cached(key string, load func() (any, error)) (any, error) {
	if u.memo == nil {
		return load()
	}
	return u.memo.get(key, load)
}

// Forget drops what Cached keeps, for this user object and its copies.
func (u User) Forget() {
	if u.memo != nil {
		u.memo.drop()
	}
}

// memo keeps values of one user object.
type memo struct {
	mu         sync.Mutex // guards the rest
	values     map[string]any
	generation int // counts the drops, so that a load from before one is not kept
}

func (m *memo) get(key string, load func() (any, error)) (any, error) {
	m.mu.Lock()
	value, ok := m.values[key]
	generation := m.generation
	m.mu.Unlock()
	if ok {
		return value, nil
	}
	value, err := load()
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.generation == generation {
		if m.values == nil {
			m.values = map[string]any{}
		}
		m.values[key] = value
	}
	return value, nil
}

func (m *memo) drop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values = nil
	m.generation++
}

// Ending returns the number of the last ending of the user's sessions as of when
// the user was read, if that was by [DB.UserByID]; else known is false. See [Annex].
func (u User) Ending() (n int64, known bool) { return u.ending, u.endingKnown }
