package inspector

import "sync"

// buffer keeps the latest requests, and wakes the streams that wait for more. What it keeps is
// not changed any more.
type buffer struct {
	mu      sync.Mutex // guards what follows
	records []*record  // oldest first
	last    uint64     // number
	streams map[chan struct{}]bool
}

// add numbers a record and keeps it, after prepare, and wakes the streams. It waits for none
// of them.
func (b *buffer) add(rec *record, prepare func(*record)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	rec.ID = b.last
	prepare(rec)
	if len(b.records) == maxRequests {
		b.records = append(b.records[:0:0], b.records[1:]...)
	}
	b.records = append(b.records, rec)
	for wake := range b.streams {
		select {
		case wake <- struct{}{}:
		default: // it was woken already, and has not looked yet
		}
	}
}

// after returns what was recorded after a number, the oldest first, and how many between are
// not kept any more. A number of the future counts as none: it is that of another process.
func (b *buffer) after(id uint64) (records []*record, missed uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if id > b.last {
		id = 0
	}
	first := b.last - uint64(len(b.records)) // the number before the oldest
	if id < first {
		missed, id = first-id, first
	}
	return append([]*record(nil), b.records[id-first:]...), missed
}

// get returns the record of a number, or nil.
func (b *buffer) get(id uint64) *record {
	if id == 0 {
		return nil
	}
	if records, _ := b.after(id - 1); len(records) > 0 && records[0].ID == id {
		return records[0]
	}
	return nil
}

// subscribe returns a channel that wakes a stream, or nil where there are too many.
func (b *buffer) subscribe() chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.streams) == maxStreams {
		return nil
	}
	if b.streams == nil {
		b.streams = map[chan struct{}]bool{}
	}
	wake := make(chan struct{}, 1)
	b.streams[wake] = true
	return wake
}

// leave forgets a stream.
func (b *buffer) leave(wake chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.streams, wake)
}
