// Package featuretest is what the tests of features have in common: a sender that keeps emails, a
// test on every database, and what a response must say. It is for our own tests.
package featuretest

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/mail"
)

// Outbox is a sender that keeps what it gets, failing on request.
type Outbox struct {
	mu   sync.Mutex // guards what follows
	fail error
	sent []mail.Message
}

// Send keeps a message, and checks it.
func (o *Outbox) Send(_ context.Context, m mail.Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail != nil {
		return o.fail
	}
	o.sent = append(o.sent, m)
	return m.Check()
}

// FailWith sets the error of each Send from now on; nil for none.
func (o *Outbox) FailWith(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fail = err
}

// Take returns the emails so far, and forgets them.
func (o *Outbox) Take() []mail.Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	sent := o.sent
	o.sent = nil
	return sent
}

// Emails sends the emails of a site that wait, and returns the subjects of what is in the outbox,
// which it forgets.
func (o *Outbox) Emails(t testing.TB, site *coatchecktest.Site) (subjects []string) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = site.Accounts.SendNext(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range o.Take() {
		subjects = append(subjects, m.Subject)
	}
	return subjects
}

// Configure sets up a site that sends its emails to the outbox.
func (o *Outbox) Configure(c *coatcheck.Config) {
	c.Accounts.Mail, c.Site.BaseURL, c.Site.Name = o, "https://www.example.com", "The Shop"
}

// Engines runs a test on every database, which change puts into a configuration.
func Engines(t *testing.T, test func(t *testing.T, change func(*coatcheck.Config))) {
	t.Helper()
	run := func(name string, open func(t *testing.T) (*database.DB, error)) {
		t.Run(name, func(t *testing.T) {
			db, err := open(t)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			test(t, func(c *coatcheck.Config) { c.Database = db })
		})
	}
	t.Run("sqlite", func(t *testing.T) { test(t, func(*coatcheck.Config) {}) }) // that of coatchecktest
	run("postgres", func(t *testing.T) (*database.DB, error) {
		return postgres.Open(t.Context(), testenv.Postgres(t))
	})
	run("mysql", func(t *testing.T) (*database.DB, error) {
		return mysql.Open(t.Context(), testenv.MariaDB(t))
	})
}

// Wants fails the test unless a response has the status and the text.
func Wants(t testing.TB, got *coatchecktest.Response, status int, text string) {
	t.Helper()
	if got.Status != status || !strings.Contains(got.Body, text) {
		t.Errorf("%d %s, want %d and %q", got.Status, got.Body, status, text)
	}
}
