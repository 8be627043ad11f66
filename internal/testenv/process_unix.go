//go:build unix

package testenv

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// watch is the shell that stands between the test binary and a server. Its
// standard input is a pipe of which the test binary holds the other end: when
// the pipe closes, because the binary let go or because it is gone, the shell
// stops the server and removes the folder. A server that ends by itself leaves
// the file "ended", so that nobody waits for it. The arguments are the signal
// that stops the server, the folder, and the server's command.
const watch = `
signal=$1 dir=$2; shift 2
exec 3<&0
"$@" </dev/null >"$dir/server.log" 2>&1 3<&- &
server=$!
{ read -r _ <&3; kill -s "$signal" "$server"; } 2>/dev/null &
reader=$!
wait "$server"
kill -s KILL "$reader" 2>/dev/null
: >"$dir/ended"
read -r _ <&3
cd / && rm -rf -- "$dir"
`

// A process is a server and the folder that holds its data.
type process struct {
	dir        string
	credential *syscall.Credential // nil: run as oneself
	shell      *exec.Cmd
	leash      io.Closer // the pipe; closing it stops the server
}

// newProcess returns the folder. As root, the folder and everything that runs in
// it belongs to the system user of that name; an empty name is oneself.
func newProcess(kind, username string) (*process, error) {
	p := &process{}
	base := os.TempDir()
	if os.Geteuid() == 0 && username != "" {
		var err error
		if p.credential, err = credential(username); err != nil {
			return nil, err
		}
		if !open(base) {
			base = "/tmp"
		}
	}
	dir, err := os.MkdirTemp(base, "coatcheck-"+kind+"-")
	if err != nil {
		return nil, err
	}
	p.dir = dir
	if p.credential != nil {
		return p, os.Chown(dir, int(p.credential.Uid), int(p.credential.Gid))
	}
	return p, nil
}

// credential is the system user of that name.
func credential(username string) (*syscall.Credential, error) {
	u, err := user.Lookup(username)
	if err != nil {
		return nil, fmt.Errorf("the system user %s is %w", username, errAbsent)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// open reports whether every user may pass through the folder.
func open(dir string) bool {
	for ; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}

// command is a command as the owner of the folder, in it, with few environment
// variables: the same result on every machine.
func (p *process) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = p.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir, "TMPDIR=" + p.dir, "LC_ALL=C.UTF-8", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.credential, Setsid: true}
	return cmd
}

// run runs a command to its end.
func (p *process) run(name string, args ...string) error {
	out, err := p.command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, out)
	}
	return nil
}

// launch starts the server under the watching shell. signal, "KILL" for
// instance, is what stops it.
func (p *process) launch(signal, name string, args ...string) error {
	p.shell = p.command("/bin/sh", append([]string{"-c", watch, "coatcheck-" + signal, signal, p.dir, name}, args...)...)
	leash, err := p.shell.StdinPipe()
	if err != nil {
		return err
	}
	p.leash = leash
	return p.shell.Start()
}

// stop stops the server and removes the folder, and returns when both are done.
func (p *process) stop() error {
	if p.shell == nil {
		return os.RemoveAll(p.dir)
	}
	return errors.Join(p.leash.Close(), p.shell.Wait())
}
