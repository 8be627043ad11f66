package proc

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func used(t *testing.T) time.Duration {
	t.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestTree counts what this process uses, as the kernel counts it otherwise.
func TestTree(t *testing.T) {
	before, err := Tree(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	began := used(t)
	for used(t)-began < 100*time.Millisecond {
	}
	after, err := Tree(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if got := after.Since(before); got < 80*time.Millisecond {
		t.Errorf("at least 100 ms were used, not %v", got)
	}
}

// TestChildren are in the tree of their parent.
func TestChildren(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	s, err := Tree(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s[cmd.Process.Pid]; !ok {
		t.Errorf("the child %d is not among %d threads", cmd.Process.Pid, len(s))
	}
	if parent, err := Parent(cmd.Process.Pid); parent != os.Getpid() || err != nil {
		t.Errorf("its parent is %d, %v", parent, err)
	}
	if name := Name(os.Getpid()); name == "" {
		t.Error("this process has no name")
	}
}
