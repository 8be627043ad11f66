package memory

import (
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/changes"
	"github.com/coatcheck/coatcheck/sessions"
)

// kept is a session in memory.
type kept struct {
	record sessions.Record
	at     time.Time // when its load began
	epoch  uint64    // of keptSessions
	weight uint32
}

// keptSessions are those in memory. A load that began before a change must not bring back what it
// read: it takes a mark first, and what it read is kept only if no change came since. Both are
// counted under the lock that otter has for the entry.
type keptSessions struct {
	feed   *feed
	kept   *otter.Cache[changes.Digest, *kept]
	epoch  atomic.Uint64       // counts when all were forgotten
	forgot [1024]atomic.Uint64 // counts when one was, by its digest
}

// mark is a moment.
type mark struct{ epoch, forgot uint64 }

func (s *keptSessions) counter(d changes.Digest) *atomic.Uint64 {
	return &s.forgot[(int(d[0])<<8|int(d[1]))%len(s.forgot)]
}

func (s *keptSessions) mark(d changes.Digest) mark {
	return mark{s.epoch.Load(), s.counter(d).Load()}
}

// get returns a session that counts now, or nil.
func (s *keptSessions) get(d changes.Digest, now time.Time) *kept {
	if !s.feed.live(now) {
		return nil
	}
	k, ok := s.kept.GetIfPresent(d)
	if !ok || k.epoch != s.epoch.Load() || now.Sub(k.at) > maxAge {
		return nil
	}
	if !k.record.Expires.IsZero() && !k.record.Expires.After(now) {
		return nil
	}
	return k
}

// keep keeps what was loaded after the mark.
func (s *keptSessions) keep(d changes.Digest, k *kept, m mark) {
	k.epoch = m.epoch
	s.kept.Compute(d, func(*kept, bool) (*kept, otter.ComputeOp) {
		if s.mark(d) != m {
			return nil, otter.CancelOp
		}
		return k, otter.WriteOp
	})
}

func (s *keptSessions) forget(d changes.Digest) {
	s.counter(d).Add(1)
	s.kept.Invalidate(d)
}

// forgetAll leaves the entries where they are, for new ones to take their place: none counts.
func (s *keptSessions) forgetAll() { s.epoch.Add(1) }

// keptUser is a user in memory.
type keptUser struct {
	user   *database.User
	at     time.Time
	epoch  uint64
	weight uint32
}

// keptUsers is a database.UserMemory. Its marks count all changes together, since a load with a
// session does not know yet whose it is.
type keptUsers struct {
	feed   *feed
	kept   *otter.Cache[string, *keptUser]
	epoch  atomic.Uint64 // counts when all were forgotten
	forgot atomic.Uint64 // counts when one was, or all
}

var _ database.UserMemory = (*keptUsers)(nil)

// Get implements database.UserMemory.
func (u *keptUsers) Get(id string) (*database.User, uint64) {
	m, now := u.forgot.Load(), time.Now()
	if !u.feed.live(now) {
		return nil, m
	}
	k, ok := u.kept.GetIfPresent(id)
	if !ok || k.epoch != u.epoch.Load() || now.Sub(k.at) > maxAge {
		return nil, m
	}
	return k.user, m
}

// Keep implements database.UserMemory.
func (u *keptUsers) Keep(user *database.User, m uint64) {
	if !u.feed.live(time.Now()) {
		return
	}
	k := &keptUser{user: user, at: time.Now(), epoch: u.epoch.Load(), weight: userWeight(user)}
	u.kept.Compute(user.ID, func(*keptUser, bool) (*keptUser, otter.ComputeOp) {
		if u.forgot.Load() != m {
			return nil, otter.CancelOp
		}
		return k, otter.WriteOp
	})
}

// forget forgets a user, or all if the ID is not known.
func (u *keptUsers) forget(id string) {
	if id == "" {
		u.forgetAll()
		return
	}
	u.forgot.Add(1)
	u.kept.Invalidate(id)
}

// forgetAll counts first what Keep compares, so that nobody is kept for the new epoch who was read
// in the old one.
func (u *keptUsers) forgetAll() {
	u.forgot.Add(1)
	u.epoch.Add(1)
}

// since is keptUsers for a load that began with a session.
type since struct {
	*keptUsers
	mark uint64
}

// Get is that of keptUsers, with the mark from before.
func (s since) Get(id string) (*database.User, uint64) {
	user, _ := s.keptUsers.Get(id)
	return user, s.mark
}

// What an entry takes beside its texts, about.
const (
	sessionOverhead = 512
	memberOverhead  = 64
	userOverhead    = 768
)

// sessionWeight is how many bytes a session takes, about.
func sessionWeight(r *sessions.Record) int {
	n := sessionOverhead + len(r.Version)
	for key, value := range r.Data.All() {
		n += memberOverhead + len(key) + len(value)
	}
	return n
}

func userWeight(u *database.User) uint32 {
	n := userOverhead + len(u.Username) + len(u.FirstName) + len(u.LastName) + len(u.Email) +
		len(u.Password) + u.ExtraSize()
	return uint32(min(n, 1<<30))
}
