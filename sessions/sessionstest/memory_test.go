package sessionstest_test

import (
	"testing"

	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/sessions/sessionstest"
)

func TestMemory(t *testing.T) {
	sessionstest.TestStore(t, func(*testing.T) sessions.Store { return sessionstest.NewMemory() })
}
