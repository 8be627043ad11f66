// Package changes describes how a store tells this process what others changed in it. It is on
// floor 0, the pure tools.
package changes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Digest stands for a session key, which is a secret and so in no message.
type Digest [sha256.Size]byte

// Of returns the digest of a session key.
func Of(key string) Digest { return sha256.Sum256([]byte(key)) }

// Parse reads a digest in hexadecimal, and reports whether it is one.
func Parse(text string) (d Digest, ok bool) {
	if len(text) != hex.EncodedLen(len(d)) {
		return d, false
	}
	_, err := hex.Decode(d[:], []byte(text))
	return d, err == nil
}

// Hearer is told of changes by a Channel. Its methods return soon.
type Hearer interface {
	// Session is called when a session was changed, or ended.
	Session(d Digest)
	// User is called when a user was changed or deleted, or that their sessions ended.
	User(id string)
	// Everything is called when anything may have changed.
	Everything()
	// Current is called when all changes were told that happened before that time.
	Current(at time.Time)
}

// Channel is a way to hear of changes as they happen.
type Channel struct {
	// How names it, for people: "PostgreSQL LISTEN".
	How string
	// Bound is for how long a Current counts. After it nothing that was heard can be relied on.
	Bound time.Duration
	// Watch calls the Hearer about all changes from now on, until ctx is done or something fails, and
	// returns why. It calls Everything first, once it misses no change any more.
	Watch func(ctx context.Context, to Hearer) error
}
