// Package proc reads from /proc how much CPU time processes used, each with all that it
// started.
package proc

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A Sample is the CPU time of each thread of some processes.
type Sample map[int]time.Duration

// Since returns the CPU time between two samples. What threads used that ended in between is
// not in it.
func (s Sample) Since(before Sample) (total time.Duration) {
	for thread, used := range s {
		total += max(0, used-before[thread])
	}
	return total
}

// Tree samples the processes of these IDs and their descendants, to the nanosecond.
func Tree(pids ...int) (Sample, error) {
	children, err := children()
	if err != nil {
		return nil, err
	}
	s := Sample{}
	for len(pids) > 0 {
		pid := pids[0]
		pids = append(pids[1:], children[pid]...)
		if err := s.add(pid); err != nil && !os.IsNotExist(err) {
			return nil, err
		}
	}
	return s, nil
}

// add adds the threads of a process.
func (s Sample) add(pid int) error {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return err
	}
	for _, file := range threads {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		id, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return err
		}
		first, _, _ := strings.Cut(string(text), " ")
		used, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return fmt.Errorf("proc: %s: %w", file, err)
		}
		s[id] = time.Duration(used)
	}
	return nil
}

// children returns the IDs of the children of each process.
func children() (map[int][]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("proc: no processes in /proc: this needs Linux (%w)", os.ErrNotExist)
	}
	all := map[int][]int{}
	for _, file := range files {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			continue
		}
		parent, err := Parent(pid)
		if err == nil {
			all[parent] = append(all[parent], pid)
		}
	}
	return all, nil
}

// Parent returns the ID of the process that started one.
func Parent(pid int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// pid (name) state parent …, where a name may hold spaces and parentheses.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 2 {
		return 0, fmt.Errorf("proc: the status of process %d cannot be read", pid)
	}
	return strconv.Atoi(fields[1])
}

// Name returns the name of the program of a process.
func Name(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return strings.TrimSpace(string(text))
}
