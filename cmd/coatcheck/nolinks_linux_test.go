package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// nolinks runs a command to which the system refuses hard links, as vfat and many network
// volumes do: nolinks COMMAND ARGUMENT...
func nolinks() {
	runtime.LockOSThread() // the filter is that of a thread, until it becomes the command
	const refuse, allow = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM), unix.SECCOMP_RET_ALLOW
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the number of the system call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_LINKAT, Jt: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: allow},
		{Code: unix.BPF_RET | unix.BPF_K, K: refuse},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	if err == nil {
		err = unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
	}
	var path string
	if err == nil {
		path, err = exec.LookPath(os.Args[1])
	}
	if err == nil {
		err = syscall.Exec(path, os.Args[1:], os.Environ())
	}
	fmt.Fprintln(os.Stderr, "nolinks:", err)
	os.Exit(1)
}

// TestWithoutHardLinks: on a volume without hard links servers that start at once for the
// first time agree on one key, and sessions in files work.
func TestWithoutHardLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "nolinks", "true").CombinedOutput(); err != nil {
		if testenv.InCI() {
			t.Fatalf("this system has no seccomp: %v %s", err, out)
		}
		t.Skipf("this system has no seccomp: %v %s", err, out)
	}
	folder := filepath.Join(dir, "sessions")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(dir, "file")
	if err := os.WriteFile(old, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for command, refused := range map[string]bool{"ln": false, "nolinks": true} {
		args := []string{"ln", old, filepath.Join(dir, command)}[map[bool]int{true: 0, false: 1}[refused]:]
		if err := exec.CommandContext(t.Context(), command, args...).Run(); (err != nil) != refused {
			t.Fatalf("a hard link by %s: %v", command, err)
		}
	}
	var all []*process
	for range 4 {
		all = append(all, launch(t, dir, "nolinks coatcheck serve", nil, "--session-engine", "file", "--session-file-path", folder))
	}
	for _, p := range all {
		p.await()
	}
	key := all[0].visitor().enter("alice", "correct horse")
	for i, p := range all {
		if got := p.visitor().get("/api/profile", "Cookie", "sessionid="+key); got.status != http.StatusOK {
			t.Errorf("server %d reads the session with another key: %d", i, got.status)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "*secret*"))
	if err != nil || len(left) != 1 {
		t.Errorf("the folder has %q, %v", left, err)
	}
}

// TestKeyThatIsNotMade: where a server died while it made the key, the next one says what to
// remove.
func TestKeyThatIsNotMade(t *testing.T) {
	dir := t.TempDir()
	lock := filepath.Join(dir, "coatcheck.secret.lock")
	if err := os.Mkdir(lock, 0o700); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) { // the server waits for five seconds
		_, err := renameOnce(filepath.Join(dir, "temp"), filepath.Join(dir, "coatcheck.secret"))
		if err == nil || !strings.HasSuffix(err.Error(), "remove the folder "+lock) {
			t.Error(err)
		}
	})
}
