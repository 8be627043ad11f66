package cachestore_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/cachestore"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
)

// TestHostileValues: whatever is stored, the visitor is anonymous, one line of
// the log says so, and it costs little.
func TestHostileValues(t *testing.T) {
	for name, value := range map[string]string{
		"integer":         "5",
		"command":         "\x80\x05cposix\nsystem\n\x8c\x02id\x85R.",
		"hidden command":  "\x80\x05}\x8c\x01acposix\nsystem\n\x8c\x02id\x85Rs.",
		"cut off":         "\x80\x05\x95\x10\x00\x00\x00\x00\x00\x00\x00}\x94(",
		"lists":           "\x80\x05" + strings.Repeat("]", 4<<20-10) + ".",
		"too long":        "\x80\x05}" + strings.Repeat("0", 4<<20) + ".",
		"list of itself":  "\x80\x05}\x8c\x0d_auth_user_id]q\x00h\x00as.",
		"dict of itself":  "\x80\x05}q\x00(\x8c\x01ah\x00\x8c\x01bh\x00u.",
		"length of a TiB": "\x80\x05\x8d\x00\x00\x00\x00\x00\x01\x00\x00a.",
		"user that is a list, and a key that is a number": "\x80\x05}(\x8c\x0d_auth_user_id]K\x01K\x02u.",
	} {
		t.Run(name, func(t *testing.T) {
			s, cache := newStore(t, cachestore.Keys{})
			key := sessions.NewKey()
			cache.values[":1:"+cachestore.KeyPrefix+key] = value
			if user := sessionstest.Hostile(t, s, key); user != "" {
				t.Errorf("user %q", user)
			}
			e, err := sessions.New(sessions.Config{Store: s, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			session := e.Session(key)
			if err := session.Flush(t.Context()); err != nil {
				t.Errorf("flush: %v", err)
			}
			if _, err := s.Load(t.Context(), key); !errors.Is(err, sessions.ErrNotFound) {
				t.Errorf("after the flush: %v", err)
			}
		})
	}
}
