package password

import (
	"runtime"
	"sync"
)

// spare are the processors that Go may use for the threads that hash, above those that the
// program has: such a thread needs one all the time, and requests would wait for it.
var spare struct {
	mu       sync.Mutex // guards what follows
	threads  int
	standard bool // GOMAXPROCS was what Go chose, and becomes it again
}

// processors returns how many the program has without the spare ones.
func processors() int {
	spare.mu.Lock()
	defer spare.mu.Unlock()
	return max(1, runtime.GOMAXPROCS(0)-spare.threads)
}

// addSpare raises GOMAXPROCS by one.
func addSpare() {
	spare.mu.Lock()
	defer spare.mu.Unlock()
	now := runtime.GOMAXPROCS(0)
	if spare.threads == 0 {
		runtime.SetDefaultGOMAXPROCS()
		spare.standard = runtime.GOMAXPROCS(0) == now
	}
	spare.threads++
	runtime.GOMAXPROCS(now + 1)
}

// removeSpare lowers it again. After the last thread Go goes on to choose it by the limits of
// the container, if it did before.
func removeSpare() {
	spare.mu.Lock()
	defer spare.mu.Unlock()
	spare.threads--
	if spare.threads == 0 && spare.standard {
		runtime.SetDefaultGOMAXPROCS()
		return
	}
	runtime.GOMAXPROCS(max(1, runtime.GOMAXPROCS(0)-1))
}
