package accounts

import "time"

// SetNow sets the clock of the service.
func (s *Service) SetNow(now func() time.Time) { s.now = now }

// ForgetSeen causes the service to write every session anew.
func (s *Service) ForgetSeen() { s.recent.forgetAll() }

func (m *recent) forgetAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = nil
}
