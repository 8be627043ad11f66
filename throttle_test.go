package coatcheck_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/throttle"
)

// guesses is how many wrong passwords the site looks at before it refuses one.
func guesses(t *testing.T, site *coatcheck.Site) int {
	t.Helper()
	for n := range 20 {
		_, err := site.Auth.Authenticate(t.Context(), auth.Credentials{
			Username: "nobody", Password: "wrong", Request: httptest.NewRequest("POST", "/", nil),
		})
		if errors.Is(err, attempts.ErrThrottled) {
			return n
		}
		if !errors.Is(err, auth.ErrInvalidCredentials) {
			t.Fatal(err)
		}
	}
	return 20
}

// TestThrottleOfASite: on by default in the database where it has the table, in
// memory where it has not, off where one says so.
func TestThrottleOfASite(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(t *testing.T, c *coatcheck.Config)
		guesses int
		rows    int
	}{
		{"default", func(*testing.T, *coatcheck.Config) {}, 10, 2},
		{"off", func(_ *testing.T, c *coatcheck.Config) { c.Logins.ThrottleOff = true }, 20, 0},
		{"without the table", func(t *testing.T, c *coatcheck.Config) { c.Database = without(t, "coatcheck_throttle") }, 10, 0},
		{"without another table", func(t *testing.T, c *coatcheck.Config) { c.Database = without(t, "coatcheck_link") }, 10, 2},
		{"a store", func(_ *testing.T, c *coatcheck.Config) { c.Logins.Throttle.Store = throttle.NewMemory(0) }, 10, 0},
		{"a limit", func(_ *testing.T, c *coatcheck.Config) {
			c.Logins.Throttle.Address = throttle.Limit{Burst: 3, Every: time.Hour}
		}, 3, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := testConfig(t)
			test.change(t, &config)
			site, err := coatcheck.New(config)
			if err != nil {
				t.Fatal(err)
			}
			if got := guesses(t, site); got != test.guesses {
				t.Errorf("%d guesses, want %d", got, test.guesses)
			}
			if got := throttleRows(t, config); got != test.rows {
				t.Errorf("%d rows, want %d", got, test.rows)
			}
		})
	}
}

func throttleRows(t *testing.T, config coatcheck.Config) (n int) {
	t.Helper()
	if own.Missing(config.Database, own.ThrottleTable) != nil {
		return 0
	}
	if err := config.Database.SQL().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM coatcheck_throttle").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestRunRemovesIdleThrottles, and no others.
func TestRunRemovesIdleThrottles(t *testing.T) {
	config := testConfig(t)
	site, err := coatcheck.New(config)
	if err != nil {
		t.Fatal(err)
	}
	guesses(t, site)
	if _, err := config.Database.SQL().ExecContext(t.Context(), "INSERT INTO coatcheck_throttle VALUES ('old', 1000)"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- site.Run(ctx) }()
	for throttleRows(t, config) != 2 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil || guesses(t, site) != 0 {
		t.Errorf("%v", err)
	}
}
