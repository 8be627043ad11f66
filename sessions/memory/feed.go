package memory

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/coatcheck/coatcheck/internal/changes"
)

// The pauses between two tries to hear of changes, from the first to the last.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 2 * time.Second
)

// feed is a channel of changes, and for how long what it told counts.
type feed struct {
	channel *changes.Channel
	log     *slog.Logger
	start   time.Time

	until atomic.Int64 // nanoseconds after start; see live
	on    atomic.Bool  // for the log
}

// live reports whether all changes are known that happened longer ago than the bound.
func (f *feed) live(now time.Time) bool { return int64(now.Sub(f.start)) < f.until.Load() }

// current prolongs live by what is known to be told.
func (f *feed) current(at time.Time) {
	until := int64(at.Add(f.channel.Bound).Sub(f.start))
	if until > f.until.Load() {
		f.until.Store(until)
	}
	if !f.on.Swap(true) {
		f.log.Info("sessions are kept in memory; what others change counts after the bound at the latest",
			"by", f.channel.How, "bound", f.channel.Bound)
	}
}

// lost is the end of live.
func (f *feed) lost(err error) {
	f.until.Store(0)
	if f.on.Swap(false) {
		f.log.Warn("changes are not heard of any more, so each request reads its session from the store",
			"by", f.channel.How, "error", err)
	}
}

// run hears of changes until ctx is done. Between two connections nothing is live.
func (f *feed) run(ctx context.Context, to changes.Hearer) {
	told := ""
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		f.on.Store(false)
		err := f.channel.Watch(ctx, to)
		was := f.on.Load()
		f.lost(err)
		to.Everything()
		if ctx.Err() != nil {
			return
		}
		if was {
			pause, told = firstPause, err.Error()
		} else if err.Error() != told { // it never worked, or fails in another way now
			told = err.Error()
			f.log.Warn("changes cannot be heard of, so each request reads its session from the store",
				"by", f.channel.How, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}
