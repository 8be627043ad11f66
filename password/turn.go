package password

import (
	"crypto/sha256"
	"runtime"
	"slices"
	"time"

	"github.com/coatcheck/coatcheck/internal/pbkdf2"
)

// threadWork is the nominal time from which on a hash is worth a thread of its own.
const threadWork = 2 * time.Millisecond

// need is what a hash asks of the gate.
type need struct {
	memory int64 // bytes
	thread bool  // it is computed on a thread for hashing
	pair   bool  // it shares a turn with another one that may, where no worker is free
}

// A turn is the right to compute a hash, or two of PBKDF2-SHA256 at once, which takes little
// longer. The mutex of the gate guards it.
type turn struct {
	hashes int
	thread *thread // that computes, nil if no hash has asked for one yet
}

// A place is the part of one hash in a turn. The caller must call leave when its work is done.
type place struct {
	gate  *gate
	turn  *turn
	need  need
	start time.Time
}

// take admits a hash that fits. The caller holds mu.
func (g *gate) take(n need) *turn {
	g.used += n.memory
	if g.running >= g.workers && n.pair && len(g.single) > 0 {
		t := g.single[0]
		g.single = g.single[1:]
		t.hashes++
		return t
	}
	g.running++
	t := &turn{hashes: 1}
	if n.pair {
		g.single = append(g.single, t)
	}
	return t
}

// give ends a hash. The caller holds mu.
func (g *gate) give(t *turn, n need) {
	g.used -= n.memory
	t.hashes--
	if t.hashes > 0 {
		g.single = append(g.single, t)
		return
	}
	g.running--
	if i := slices.Index(g.single, t); i >= 0 {
		g.single = slices.Delete(g.single, i, i+1)
	}
	if t.thread != nil {
		g.resting = append(g.resting, t.thread)
	}
}

// fits reports whether the hash can be admitted now. The caller holds mu.
func (g *gate) fits(n need) bool {
	if g.running == 0 {
		return true
	}
	free := g.running < g.workers || n.pair && len(g.single) > 0
	return free && n.memory <= g.memory-g.used
}

// leave returns the place and learns how long it was used.
func (p *place) leave() {
	took := time.Since(p.start)
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hashing--
	g.load.Worked += took
	took /= time.Duration(p.turn.hashes) // a pair used it together
	if g.mean == 0 {
		g.mean = took
	}
	g.mean += (took - g.mean) / 8
	g.give(p.turn, p.need)
	g.admit()
}

// run does the work of a hash.
func (p *place) run(work func()) {
	if !p.need.thread {
		work()
		return
	}
	t := &task{work: work, done: make(chan struct{})}
	p.thread().tasks <- t
	<-t.done
	switch {
	case t.panicked != nil:
		panic(t.panicked)
	case !t.returned:
		runtime.Goexit()
	}
}

// derive is the work of PBKDF2-SHA256, beside another one if the turn is shared.
func (p *place) derive(raw string, salt []byte, iterations int) ([]byte, error) {
	t := &task{
		key:  pbkdf2.New(raw, salt, iterations, sha256.Size),
		done: make(chan struct{}),
	}
	p.thread().tasks <- t
	<-t.done
	return t.key.Key()
}

// thread returns the thread of the turn.
func (p *place) thread() *thread {
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.turn.thread == nil {
		p.turn.thread = g.thread()
	}
	return p.turn.thread
}

// verify is hasher.Verify.
func (p *place) verify(hasher Hasher, raw string, h Hash) (ok bool, err error) {
	if k, ok := p.paired(hasher); ok {
		return k.verify(raw, h)
	}
	p.run(func() { ok, err = hasher.Verify(raw, h) })
	return ok, err
}

// encode is hasher.Encode.
func (p *place) encode(hasher Hasher, raw string) (h Hash, err error) {
	if k, ok := p.paired(hasher); ok {
		return k.encode(raw, randomText(saltLength))
	}
	p.run(func() { h, err = hasher.Encode(raw) })
	return h, err
}

// harden is hasher.Harden.
func (p *place) harden(hasher Hasher, raw string, work time.Duration) {
	if k, ok := p.paired(hasher); ok {
		k.harden(raw, work)
		return
	}
	if h, ok := hasher.(Hardener); ok {
		p.run(func() { h.Harden(raw, work) })
	}
}

// paired returns PBKDF2-SHA256 that shares the turn, if the place does.
func (p *place) paired(hasher Hasher) (k pbkdf2Kind, ok bool) {
	h, ok := hasher.(PBKDF2SHA256)
	if !ok || !p.need.pair {
		return pbkdf2Kind{}, false
	}
	k = h.kind()
	k.derive = p.derive
	return k, true
}
