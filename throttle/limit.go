package throttle

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Limit is how often something may be tried: Burst attempts at once, and then one
// each Every. Waiting restores the budget, one attempt each Every, up to Burst.
type Limit struct {
	Burst int
	Every time.Duration // in whole microseconds
}

// The bounds of a Limit.
const (
	maxBurst = 1_000_000
	minEvery = time.Millisecond
	maxFull  = 10 * 365 * 24 * time.Hour // until a budget that was used up is whole
)

// Check reports what is wrong with a limit: Burst is 1 to 1,000,000, Every at least
// a millisecond, and a budget that was used up is whole again within ten years.
func (l Limit) Check() error {
	switch {
	case l.Burst < 1 || l.Burst > maxBurst:
		return fmt.Errorf("throttle: a limit of %d attempts at once; it must be 1 to 1,000,000", l.Burst)
	case l.Every < minEvery:
		return fmt.Errorf("throttle: a limit of one attempt each %v; it must be a millisecond at least", l.Every)
	case l.Every > maxFull/time.Duration(l.Burst):
		return fmt.Errorf("throttle: the limit %v takes more than ten years until it is whole again", l)
	}
	return nil
}

// Slack is by how much the time that a store keeps may lie ahead of now for one
// more attempt to be allowed: (Burst-1) times Every.
func (l Limit) Slack() time.Duration { return time.Duration(l.Burst-1) * l.Every }

// String writes the limit as ParseLimit reads it.
func (l Limit) String() string { return strconv.Itoa(l.Burst) + "/" + l.Every.String() }

// ParseLimit reads a limit such as "10/20m": ten attempts at once, and then one
// each twenty minutes.
func ParseLimit(text string) (Limit, error) {
	burst, every, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(burst)
	d, durationErr := time.ParseDuration(every)
	if err != nil || durationErr != nil {
		return Limit{}, fmt.Errorf("throttle: the limit %q is none; write it as in 10/20m, ten at once and then one each 20 minutes", text)
	}
	l := Limit{n, d.Truncate(time.Microsecond)}
	return l, l.Check()
}

// UnmarshalText is ParseLimit.
func (l *Limit) UnmarshalText(text []byte) (err error) {
	*l, err = ParseLimit(string(text))
	return err
}

// Store keeps how much of each budget is used. Names are those of [Names], 64
// hexadecimal digits. One name always comes with the same limit. A store is safe
// for concurrent use, and its operations are atomic, also among the nodes that
// share it. An error means that it failed, and that nobody knows whether the
// attempt is allowed: the caller refuses it. throttletest.TestStore tests a store.
type Store interface {
	// Take uses one attempt and returns 0; or, where the budget is used up, takes
	// nothing and returns how long it is until there is one.
	Take(ctx context.Context, name string, limit Limit) (retryAfter time.Duration, err error)
	// Give returns one attempt that was taken. A name that the store has forgotten
	// since is not an error.
	Give(ctx context.Context, name string, limit Limit) error
	// Reset restores the budget. An unknown name is no error.
	Reset(ctx context.Context, name string) error
}
