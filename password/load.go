package password

import (
	"errors"
	"time"
)

// load is what hashing does at the moment, and has done since the program began.
type load struct {
	Running, Waiting int           // hashes at work, and those that wait for a turn
	Admitted, Busy   uint64        // turns given, and refused with ErrBusy
	Waited, Worked   time.Duration // in sum: for a turn, and with one
}

// Load returns how busy hashing is, for metrics.
func (s *Hashers) Load() load { //nolint:revive // a name more would be one too many
	g := &s.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.load
	now.Running, now.Waiting = g.hashing, g.unknown.Len()+g.known.Len()
	return now
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
