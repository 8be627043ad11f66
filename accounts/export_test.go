package accounts

import (
	"context"
	"time"
)

// MaxWaiting is how many sightings wait at most.
const MaxWaiting = maxWaiting

// SetNow sets the clock of the service.
func (s *Service) SetNow(now func() time.Time) { s.now = now }

// ForgetSeen causes the service to write every session anew.
func (s *Service) ForgetSeen() { s.Remember(maxSeen) }

// Remember causes the service to remember so many sessions, and forgets all.
func (s *Service) Remember(sessions int) { *s.recent = *newRecent(sessions) }

// Waiting returns how many sightings wait.
func (s *Service) Waiting() int {
	s.sightings.mu.Lock()
	defer s.sightings.mu.Unlock()
	return len(s.sightings.waiting)
}

// HoldFlushes lets no flush begin until release is called.
func (s *Service) HoldFlushes() (release func()) {
	s.sightings.busy <- struct{}{}
	return func() { <-s.sightings.busy }
}

// Pace is the pace of housekeeping.
type Pace struct{ p *pace }

// NewPace returns a pace.
func NewPace(most int) Pace { return Pace{newPace(most)} }

// Rest waits after a piece of work.
func (p Pace) Rest(ctx context.Context, took time.Duration) error { return p.p.rest(ctx, took) }

// Rows returns how many rows to take at a time.
func (p Pace) Rows() int { return p.p.rows }

// AfterAdopting has the walk that adopts sessions call f after each piece, with the number of
// sessions that it has looked at.
func (s *Service) AfterAdopting(f func(sessions int)) { s.onAdopted = f }
