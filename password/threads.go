package password

import (
	"runtime"
	"slices"
	"time"

	"github.com/coatcheck/coatcheck/internal/pbkdf2"
)

// linger is how long a thread waits for more work before it ends.
const linger = 100 * time.Millisecond

// A task is what a thread computes: the key of PBKDF2-SHA256, or any work. It is done when
// done is closed.
type task struct {
	key  *pbkdf2.Derivation
	work func()
	done chan struct{}

	returned bool // the work, and did not panic or end its goroutine
	panicked any
}

// A thread is an operating system's thread that only hashes, at a low priority where the
// system has one. The scheduler of the system, which interrupts at any instruction, then
// prefers requests that hash nothing. It starts with the first hash of a turn, and ends a
// moment after the last.
type thread struct {
	tasks chan *task // of one turn: a pair at most
}

// thread returns one that is idle, or starts it. The caller holds mu.
func (g *gate) thread() *thread {
	if n := len(g.resting); n > 0 {
		t := g.resting[n-1]
		g.resting = g.resting[:n-1]
		return t
	}
	t := &thread{tasks: make(chan *task, 2)}
	go t.start(g)
	return t
}

// retire reports whether the thread is idle and may end.
func (g *gate) retire(t *thread) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.resting, t)
	if i < 0 {
		return false
	}
	g.resting = slices.Delete(g.resting, i, i+1)
	return true
}

// start locks the goroutine to its thread and works. It never unlocks it, so that the thread
// ends with the goroutine: the priority of a thread cannot be raised again.
func (t *thread) start(g *gate) {
	runtime.LockOSThread()
	if isMainThread() { // which cannot end
		go t.start(g)
		runtime.Gosched()
		runtime.UnlockOSThread()
		return
	}
	addSpare()
	lowerPriority()
	retired := false
	defer func() {
		go removeSpare() // at normal priority, since it stops all others for a moment
		if !retired {    // the work has ended the goroutine
			go t.start(g)
		}
	}()
	t.loop(g)
	retired = true
}

// loop computes tasks, two keys at a time, until the thread may end.
func (t *thread) loop(g *gate) {
	timer := time.NewTimer(linger)
	defer timer.Stop()
	var first, second *task
	for {
		if first == nil {
			timer.Reset(linger)
			select {
			case first = <-t.tasks:
			case <-timer.C:
				if g.retire(t) {
					return
				}
				continue
			}
		}
		if first.work != nil {
			first.do()
			first = nil
			continue
		}
		if second == nil {
			select {
			case second = <-t.tasks:
			default:
			}
		}
		pbkdf2.Step(first.key, second.derivation(), pbkdf2.MaxStep)
		second = second.settle()
		if first = first.settle(); first == nil {
			first, second = second, nil
		}
	}
}

// do does the work, and keeps what it panics with for who waits.
func (t *task) do() {
	defer close(t.done)
	defer func() { t.panicked = recover() }()
	t.work()
	t.returned = true
}

func (t *task) derivation() *pbkdf2.Derivation {
	if t == nil {
		return nil
	}
	return t.key
}

// settle returns the task if it is not done.
func (t *task) settle() *task {
	if t == nil || !t.key.Done() {
		return t
	}
	close(t.done)
	return nil
}
