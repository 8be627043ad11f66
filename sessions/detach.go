package sessions

// Detach removes the session from the response: the session of this request is neither
// saved nor is its cookie set or deleted. It is for responses that are the same for
// everybody, such as static files, and must be called before the response begins.
func (s *Session) Detach() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.detached = true
}

// Detached reports whether Detach was called.
func (s *Session) Detached() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.detached
}
