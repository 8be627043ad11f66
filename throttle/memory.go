package throttle

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// DefaultMaxNames is how many budgets a Memory keeps unless told otherwise, in
// about 25 MB.
const DefaultMaxNames = 100_000

// Memory is a Store of one process, lost when it ends. Several nodes with one of
// their own each allow as many times the limit. It keeps at most so many names,
// those whose budgets are not whole. A further name takes the place of the one
// that will be whole first, so of one that has long passed where there is such.
//
// That bounds the memory that unknown clients can make a site use, and does not free
// whom they attack: a budget that is used up is the last to be whole again, so
// they would have to use up as many budgets as there are places. A store that
// refused further names instead would let them lock out everybody.
type Memory struct {
	max   int
	start time.Time // times are since then, by the clock that nobody sets

	mu     sync.Mutex // guards what follows
	byName map[string]*entry
	order  byTime
}

// entry is a budget that is not whole, or was not when it was last looked at.
type entry struct {
	name  string
	tat   time.Duration // when it is whole again
	place int           // in the heap
}

// NewMemory returns a store of at most maxNames names; DefaultMaxNames when 0.
func NewMemory(maxNames int) *Memory {
	if maxNames <= 0 {
		maxNames = DefaultMaxNames
	}
	return &Memory{max: maxNames, start: time.Now(), byName: map[string]*entry{}}
}

// Take uses an attempt. It never fails.
func (m *Memory) Take(_ context.Context, name string, limit Limit) (time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Since(m.start)
	e := m.byName[name]
	if e == nil {
		e = m.add(name)
	}
	if wait := e.tat - now - limit.Slack(); wait > 0 {
		return wait, nil
	}
	e.tat = max(e.tat, now) + limit.Every
	heap.Fix(&m.order, e.place)
	return 0, nil
}

// add creates a whole budget, in the place of the first where all are taken.
func (m *Memory) add(name string) *entry {
	if len(m.order) >= m.max {
		m.drop(m.order[0])
	}
	e := &entry{name: name}
	m.byName[name] = e
	heap.Push(&m.order, e)
	return e
}

func (m *Memory) drop(e *entry) {
	heap.Remove(&m.order, e.place)
	delete(m.byName, e.name)
}

// Give returns an attempt back. It never fails.
func (m *Memory) Give(_ context.Context, name string, limit Limit) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.byName[name]
	if e == nil {
		return nil
	}
	if e.tat -= limit.Every; e.tat <= time.Since(m.start) {
		m.drop(e)
		return nil
	}
	heap.Fix(&m.order, e.place)
	return nil
}

// Reset restores a budget. It never fails.
func (m *Memory) Reset(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.byName[name]; e != nil {
		m.drop(e)
	}
	return nil
}

// byTime is a heap whose first entry will be whole first.
type byTime []*entry

func (h byTime) Len() int           { return len(h) }
func (h byTime) Less(i, j int) bool { return h[i].tat < h[j].tat }

func (h byTime) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push is for package heap.
func (h *byTime) Push(x any) {
	e := x.(*entry)
	e.place = len(*h)
	*h = append(*h, e)
}

// Pop is for package heap.
func (h *byTime) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return e
}
