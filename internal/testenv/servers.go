package testenv

import (
	"errors"
	"fmt"
	"sync"
)

// Servers are throwaway servers that many test binaries share.
type Servers struct {
	// Env are the variables that hand them over, "COATCHECK_TEST_POSTGRES=…".
	Env []string
	// Absent tells, one line each, which servers are not on this machine and what
	// brings them.
	Absent []string

	running []*process
}

// StartServers starts PostgreSQL and MariaDB, side by side. A server that is not
// on this machine is no error; one that is there and does not start is.
func StartServers() (*Servers, error) {
	engines := []*sqlEngine{postgres, mariadb}
	errs := make([]error, len(engines))
	var all sync.WaitGroup
	for i, engine := range engines {
		all.Go(func() { _, errs[i] = engine.server() })
	}
	all.Wait()
	s := &Servers{}
	for i, engine := range engines {
		switch {
		case errors.Is(errs[i], errAbsent):
			s.Absent = append(s.Absent, fmt.Sprintf("%s: %v; to bring it: %s", engine.title, errs[i], engine.remedy))
			errs[i] = nil
		case errs[i] != nil:
			errs[i] = fmt.Errorf("testenv: %s: %w", engine.title, errs[i])
		default:
			s.Env = append(s.Env, engine.env+"="+engine.admin.URL())
			if engine.running != nil {
				s.running = append(s.running, engine.running)
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// Stop stops the servers that StartServers started and removes their data.
func (s *Servers) Stop() {
	for _, p := range s.running {
		p.stop() // its status is the signal's
	}
}
