package password

import (
	"errors"
	"time"
)

// Load is what hashing does at the moment, and has done since the program began.
type Load struct {
	Running, Waiting int           // hashes at work, and those that wait for a turn
	Admitted, Busy   uint64        // turns given, and refused with ErrBusy
	Waited, Worked   time.Duration // in sum: for a turn, and with one
}

// Load returns how busy hashing is, for metrics.
func (s *Hashers) Load() Load {
	g := &s.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	load := g.load
	load.Running, load.Waiting = g.hashing, g.unknown.Len()+g.known.Len()
	return load
}

// admitted counts one that came at that time and has its turn.
func (g *gate) admitted(came time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.load.Admitted++
	g.load.Waited += time.Since(came)
	g.hashing++
}

// refused counts an error of enter.
func (g *gate) refused(err error) {
	if errors.Is(err, ErrBusy) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.load.Busy++
	}
}
