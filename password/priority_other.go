//go:build !linux

package password

// lowerPriority does nothing: only on Linux has a thread a priority of its own that needs no
// privilege.
func lowerPriority() {}

// isMainThread reports that it does not matter here.
func isMainThread() bool { return false }
