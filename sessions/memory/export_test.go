package memory

import (
	"context"

	"github.com/coatcheck/coatcheck/internal/changes"
)

// Watch is that of a channel.
type Watch = func(context.Context, changes.Hearer) error

// Through has what a memory hears come through f. It is called before Run.
func (m *Memory) Through(f func(Watch) Watch) {
	m.users.feed.channel.Watch = f(m.users.feed.channel.Watch)
	if m.sessions.feed != m.users.feed {
		m.sessions.feed.channel.Watch = f(m.sessions.feed.channel.Watch)
	}
}
