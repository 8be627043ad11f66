package database

import (
	"hash/maphash"
	"sync"
)

// maxHints is how many sessions each half of the hints has at most.
const maxHints = 1 << 17

// hints guess to which user a session belongs, so that one statement reads both rows. A
// guess is never believed: see [Along]. Of the keys only a keyed hash of 64 bits is kept,
// from which no key can be found. What was not asked for while maxHints others were goes.
type hints struct {
	seed maphash.Seed

	mu         sync.Mutex // guards what follows
	young, old map[uint64]string
}

func newHints() *hints {
	return &hints{seed: maphash.MakeSeed(), young: map[uint64]string{}}
}

// of returns what stands for a session key here.
func (h *hints) of(key string) uint64 { return maphash.String(h.seed, key) }

// get returns the ID of a user, or "".
func (h *hints) get(session uint64) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if id, ok := h.young[session]; ok {
		return id
	}
	id, ok := h.old[session]
	if ok {
		h.keep(session, id)
	}
	return id
}

// put remembers a user.
func (h *hints) put(session uint64, id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keep(session, id)
}

func (h *hints) keep(session uint64, id string) {
	if len(h.young) >= maxHints {
		h.old, h.young = h.young, make(map[uint64]string, maxHints/4)
	}
	h.young[session] = id
}
