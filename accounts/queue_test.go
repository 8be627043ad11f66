package accounts_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/featuretest"
	"github.com/coatcheck/coatcheck/mail"
)

// slow is a sender whose emails each wait until the test lets one end.
type slow struct {
	begun chan string   // the address of each email as it is sent
	end   chan struct{} // lets one email end
}

func (s *slow) Send(ctx context.Context, m mail.Message) error {
	s.begun <- m.To
	select {
	case <-s.end:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// unknown clients sign up, so many.
func (r *rig) strangers(n int) {
	r.t.Helper()
	for i := range n {
		name := fmt.Sprint("stranger", i)
		_, err := r.Accounts.BeginSignup(r.t.Context(), auth.NewUser{Username: name, Email: name + "@example.com", Password: canary}, "")
		if err != nil {
			r.t.Fatal(err)
		}
	}
}

// TestNoticesFirst: sixty sign-ups wait, and all senders for them are busy. A notice is
// sent at once, and while it takes its time the next one goes before all that wait.
func TestNoticesFirst(t *testing.T) {
	sender := &slow{make(chan string), make(chan struct{})}
	r := newRig(t, func(c *coatcheck.Config) { c.Accounts.Mail = sender })
	ada, eve := r.CreateUser("ada", canary), r.CreateUser("eve", canary)
	r.strangers(60)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = r.Accounts.Run(ctx) })
	defer running.Wait()
	defer stop()
	next := func(want string) {
		t.Helper()
		if to := <-sender.begun; !strings.HasPrefix(to, want) {
			t.Errorf("an email to %s, want %s", to, want)
		}
	}
	notice := func(user *auth.User) {
		t.Helper()
		if err := r.Accounts.ResetPassword(r.request(), user, another); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		next("stranger")
	}
	notice(ada)
	next("ada@") // nothing else has ended
	notice(eve)
	sender.end <- struct{}{}
	next("eve@")
}

// TestNoticesBeyondTheLimit: ten thousand emails wait, and unknown clients cannot add another
// one. Notices, and the link of a rescue, are queued all the same and sent before them.
func TestNoticesBeyondTheLimit(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		ada := r.CreateUser("ada", canary)
		r.strangers(1)
		_, err := r.Database.SQL().ExecContext(t.Context(), `INSERT INTO coatcheck_mail (message, tries, created, due)
			WITH RECURSIVE more (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < 100)
			SELECT message, tries, created, due FROM coatcheck_mail, more a, more b`)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Accounts.RequestReset(t.Context(), "ada@example.com", ""); !errors.Is(err, accounts.ErrQueueFull) {
			t.Errorf("a stranger's email: %v", err)
		}
		if err := r.Accounts.ResetPassword(r.request(), ada, another); err != nil {
			t.Fatal(err)
		}
		sendNext := func(subject string) mail.Message {
			t.Helper()
			sent, err := r.Accounts.SendNext(t.Context())
			mails := r.outbox.Take()
			if !sent || err != nil || len(mails) != 1 || mails[0].Subject != subject {
				t.Fatalf("sent %v, %v, %v, want %q", sent, err, subjects(mails), subject)
			}
			return mails[0]
		}
		_, token := link(t, sendNext("Your password on The Shop was changed"))
		if _, err := r.Accounts.Rescue(t.Context(), token, ""); err != nil {
			t.Fatal(err)
		}
		sendNext("Choose a new password for your account on The Shop")
	})
}

// TestStoredAddressThatNoMailerAccepts, as Django's form allows: its user gets nothing,
// the next one an email, and nothing waits any more.
func TestStoredAddressThatNoMailerAccepts(t *testing.T) {
	r := newRig(t)
	for name, email := range map[string]string{"ada": `"a b"@example.com`, "eve": `"A B"@example.com`} {
		if err := r.Database.CreateUser(t.Context(), &auth.User{Username: name, Email: email, Password: "x", IsActive: true}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Accounts.RequestReset(t.Context(), `"a b"@example.com`, ""); err != nil {
		t.Fatal(err)
	}
	if mails := r.deliver(); len(mails) != 0 {
		t.Errorf("sent: %v", subjects(mails))
	}
	if n, err := own.New(r.Database).Emails().Waiting(t.Context()); n != 0 || err != nil {
		t.Errorf("%d wait, %v", n, err)
	}
}
