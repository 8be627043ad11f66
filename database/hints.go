package database

import (
	"hash/maphash"
	"sync"

	"github.com/coatcheck/coatcheck/internal/lru"
)

// maxHints is how many sessions the hints have at most, those that were asked for last.
const maxHints = 1 << 18

// hints guess to which user a session belongs, so that one statement reads both rows. A
// guess is never believed: see [Along]. Of the keys only a keyed hash of 64 bits is kept,
// from which no key can be found.
type hints struct {
	seed maphash.Seed

	mu    sync.Mutex // guards what follows
	users *lru.Cache[uint64, string]
}

func newHints() *hints {
	return &hints{seed: maphash.MakeSeed(), users: lru.New[uint64, string](maxHints)}
}

// of returns what stands for a session key here.
func (h *hints) of(key string) uint64 { return maphash.String(h.seed, key) }

// get returns the ID of a user, or "".
func (h *hints) get(session uint64) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	id, _ := h.users.Get(session)
	return id
}

// put remembers a user.
func (h *hints) put(session uint64, id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.users.Set(session, id)
}
