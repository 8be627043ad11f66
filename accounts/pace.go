package accounts

import (
	"context"
	"time"
)

// How housekeeping paces itself.
const (
	// restFactor is how much longer it rests than it works: its share of the time is a fifth.
	restFactor = 4

	// A piece of work is halved if it takes longer than longPiece, for others may wait that
	// long for it, and doubled if it takes less than shortPiece.
	longPiece, shortPiece = 8 * time.Millisecond, 3 * time.Millisecond
	leastRows             = 16
)

// pace lets others work: the longer a piece of work takes, since the database has much to do,
// the longer is the rest after it and the smaller the next piece.
type pace struct {
	rows int // how many to take at a time
	most int
	busy time.Duration // until now
}

// newPace returns the pace of work on at most so many rows at a time.
func newPace(most int) *pace { return &pace{rows: most, most: most} }

// rest waits after a piece of work that took so long. It returns the error of ctx when that is
// done.
func (p *pace) rest(ctx context.Context, took time.Duration) error {
	p.busy += took
	switch {
	case took > longPiece:
		p.rows = max(p.rows/2, leastRows)
	case took < shortPiece:
		p.rows = min(p.rows*2, p.most)
	}
	pauseFor(ctx, restFactor*took)
	return ctx.Err()
}

// pauseFor waits until the time is over, or ctx is done.
func pauseFor(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
