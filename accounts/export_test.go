package accounts

import "time"

// SetNow makes the service live at another time.
func (s *Service) SetNow(now func() time.Time) { s.now = now }

// ForgetSeen makes the service write every session anew.
func (s *Service) ForgetSeen() { s.recent.forgetAll() }

func (m *recent) forgetAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = nil
}
