package accounts

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/internal/lru"
)

// maxSeen is of how many sessions a node remembers what it has written, those that were used
// last. Each takes less than a hundred bytes.
const maxSeen = 1 << 18

// seen is what a request shows of a session.
type seen struct {
	userID    string
	client    netip.Addr
	userAgent string
	at        time.Time
}

// mark is what a node remembers of a session: when it was last on its way to the index, and by
// their hashes, whose it was and where.
type mark struct {
	at          int64 // nanoseconds since 1970
	user, place uint32
}

// recent remembers what was written, so that most requests write nothing. It holds no session
// key.
type recent struct {
	seed maphash.Seed

	mu    sync.Mutex // guards what follows
	marks *lru.Cache[uint64, mark]
}

func newRecent(size int) *recent {
	return &recent{seed: maphash.MakeSeed(), marks: lru.New[uint64, mark](size)}
}

// written reports whether there is nothing new to write about the session.
func (m *recent) written(key string, now seen) bool {
	name, next := m.mark(key, now)
	m.mu.Lock()
	last, ok := m.marks.Get(name)
	m.mu.Unlock()
	switch age := time.Duration(next.at - last.at); {
	case !ok || last.user != next.user:
		return false
	case last.place != next.place:
		return age < writeMove
	default:
		return age < writeEvery
	}
}

func (m *recent) remember(key string, now seen) {
	name, next := m.mark(key, now)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.marks.Set(name, next)
}

func (m *recent) forget(key string) {
	name := maphash.String(m.seed, key)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.marks.Delete(name)
}

// mark returns the name of a session's mark and the mark itself.
func (m *recent) mark(key string, now seen) (uint64, mark) {
	var place maphash.Hash
	place.SetSeed(m.seed)
	address := now.client.As16()
	_, _ = place.Write(address[:])
	_, _ = place.WriteString(now.userAgent)
	return maphash.String(m.seed, key), mark{
		at: now.at.UnixNano(), user: uint32(maphash.String(m.seed, now.userID)), place: uint32(place.Sum64()),
	}
}
