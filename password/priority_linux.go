package password

import "syscall"

// niceness is that of the threads that hash: beside one thread of the program that wants the
// same processor, they get a tenth of it.
const niceness = 10

// lowerPriority lowers the priority of this thread alone. Failure costs speed of others only.
func lowerPriority() { _ = syscall.Setpriority(syscall.PRIO_PROCESS, syscall.Gettid(), niceness) }

// isMainThread reports whether this is the first thread of the process, whose priority is that
// of the process to programs that show it.
func isMainThread() bool { return syscall.Gettid() == syscall.Getpid() }
