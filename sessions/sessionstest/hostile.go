package sessionstest

import (
	"bytes"
	"log/slog"
	"runtime"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/sessions"
)

// maxHostile bounds what it may cost to look at a session.
const maxHostile = 64 << 20

// Hostile looks at a session under whose key a store has anything at all, such as
// somebody can write who reaches the server or the file. Reading must not fail, may
// take 64 MiB at most, and may leave one line in the log, without the key. It gives
// the user whom the session names: "" unless it is a session that is in order.
func Hostile(t testing.TB, store sessions.Store, key string) (user string) {
	t.Helper()
	var log bytes.Buffer
	engine, err := sessions.New(sessions.Config{Store: store, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	session := engine.Session(key)
	for range 3 {
		if user, err = session.Text(t.Context(), "_auth_user_id"); err != nil {
			t.Fatalf("reading failed: %v", err)
		}
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > maxHostile {
		t.Fatalf("it took %d MiB", used>>20)
	}
	if lines := strings.Count(log.String(), "\n"); lines > 1 || strings.Contains(log.String(), key) {
		t.Fatalf("the log: %s", log.String())
	}
	if log.Len() > 0 && user != "" {
		t.Fatalf("a session that is corrupt names a user")
	}
	return user
}
