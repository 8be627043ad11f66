package auth

import (
	"context"
	"log/slog"
	"sync"
)

// Bounds of what is said of unknown backends.
const (
	maxUnknownBackends = 32  // names that are told
	maxBackendShown    = 200 // bytes of each
)

// unknownBackends warns of each backend that sessions name and the configuration does not
// have, once in the life of the process.
type unknownBackends struct {
	mu   sync.Mutex // guards told
	told map[string]bool
}

func (u *unknownBackends) warn(ctx context.Context, log *slog.Logger, name string) {
	name = name[:min(len(name), maxBackendShown)]
	u.mu.Lock()
	known := u.told[name] || len(u.told) >= maxUnknownBackends
	if !known {
		if u.told == nil {
			u.told = map[string]bool{}
		}
		u.told[name] = true
	}
	u.mu.Unlock()
	if !known {
		log.WarnContext(ctx, "sessions name a backend that is not configured, so their users are anonymous here; "+
			"add its path if it is one of the site's (--authentication-backend, AUTHENTICATION_BACKENDS)", "backend", name)
	}
}
