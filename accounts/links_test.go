package accounts_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/featuretest"
	"github.com/coatcheck/coatcheck/signing"
)

func newcomer(name string) auth.NewUser {
	return auth.NewUser{Username: name, Email: name + "@Example.com", Password: canary}
}

func TestSignup(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		ctx := t.Context()
		if _, err := r.Accounts.BeginSignup(ctx, newcomer("ada"), "de"); err != nil {
			t.Fatal(err)
		}
		m := r.one("ada@example.com", "")
		_, token := link(t, m)
		if name, err := r.Accounts.PendingSignup(ctx, token); err != nil || name != "ada" || r.opens("ada", canary) {
			t.Errorf("before the confirmation: %q, %v", name, err)
		}
		if good := together(16, func() error {
			_, err := r.Accounts.ConfirmSignup(ctx, token)
			if err != nil && !errors.Is(err, accounts.ErrLink) {
				t.Error(err)
			}
			return err
		}); good != 1 || !r.opens("ada", canary) {
			t.Errorf("confirmed %d times", good)
		}
		if user := r.user("ada"); user.Email != "ada@example.com" || !user.IsActive || user.IsStaff || user.IsSuperuser {
			t.Errorf("the user: %+v", user)
		}

		// The owner of an address is told, and anyone who typed it learns nothing.
		if _, err := r.Accounts.BeginSignup(ctx, auth.NewUser{Username: "eve", Email: "ADA@example.com", Password: canary}, ""); err != nil {
			t.Fatal(err)
		}
		if m := r.one("ada@example.com", "You have an account"); !strings.Contains(m.Text, "/accounts/login/") || strings.Contains(m.Text, "eve") {
			t.Errorf("the mail: %s", m.Text)
		}
	})
}

// A name that was taken before the confirmation makes the link no worse.
func TestSignupNameTaken(t *testing.T) {
	r := newRig(t)
	if _, err := r.Accounts.BeginSignup(t.Context(), newcomer("ada"), ""); err != nil {
		t.Fatal(err)
	}
	_, token := link(t, r.one("ada@example.com", "Confirm your address"))
	r.CreateUser("ada", another)
	for range 2 {
		if _, err := r.Accounts.ConfirmSignup(t.Context(), token); !errors.Is(err, auth.ErrUsernameTaken) {
			t.Errorf("confirm: %v", err)
		}
	}
	if r.opens("ada", canary) {
		t.Error("another one's password opens the account")
	}
}

func TestLinksEnd(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	if _, err := r.Accounts.BeginSignup(ctx, newcomer("ada"), ""); err != nil {
		t.Fatal(err)
	}
	_, token := link(t, r.one("ada@example.com", ""))
	if len(token) != 26 {
		t.Errorf("the token %q has not the 26 characters of 130 random bits", token)
	}
	invited, err := r.Accounts.Invite(ctx, "", "")
	if err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(73 * time.Hour)
	for name, bad := range map[string]string{"another kind": invited[len(invited)-27 : len(invited)-1], "empty": "", "long": strings.Repeat("A", 1<<20)} {
		if _, err := r.Accounts.ConfirmSignup(ctx, bad); !errors.Is(err, accounts.ErrLink) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.Accounts.SetNow(func() time.Time { return later })
	if _, err := r.Accounts.PendingSignup(ctx, token); !errors.Is(err, accounts.ErrLink) {
		t.Errorf("looked at after three days: %v", err)
	}
	if _, err := r.Accounts.ConfirmSignup(ctx, token); !errors.Is(err, accounts.ErrLink) {
		t.Errorf("after three days: %v", err)
	}
	if err := r.Accounts.Clean(ctx); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := r.Database.SQL().QueryRowContext(ctx, "SELECT COUNT(*) FROM coatcheck_link").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d links are left, want the invitation's: %v", n, err)
	}
}

func TestInvitation(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		ctx := t.Context()
		url, err := r.Accounts.Invite(ctx, "ada@example.com", "")
		if err != nil {
			t.Fatal(err)
		}
		m := r.one("ada@example.com", "You are invited to The Shop")
		path, token := link(t, m)
		if url != "https://www.example.com"+path || !strings.HasPrefix(path, accounts.InvitationPath) {
			t.Errorf("the link is %s, in the mail %s", url, path)
		}
		if email, err := r.Accounts.Invitation(ctx, token); err != nil || email != "ada@example.com" {
			t.Errorf("the invitation: %q, %v", email, err)
		}
		var n atomic.Int32
		good := together(16, func() error {
			_, err := r.Accounts.AcceptInvitation(ctx, token, newcomer("ada"+string(rune('a'+n.Add(1)))))
			if err != nil && !errors.Is(err, accounts.ErrLink) {
				t.Error(err)
			}
			return err
		})
		if good != 1 {
			t.Errorf("accepted %d times", good)
		}
	})
}

// A link confirms the address in it and no other, whatever changes were begun at the
// same time.
func TestEmailChange(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		r.CreateUser("ada", canary)
		ctx, q := t.Context(), r.request()
		begin := func(email string) string {
			t.Helper()
			old := r.user("ada").Email
			if _, err := r.Accounts.BeginEmailChange(q, r.user("ada"), email); err != nil {
				t.Fatal(err)
			}
			mails := r.deliver()
			r.only(mails, old, "is about to change")
			_, token := link(t, r.only(mails, email, "Confirm your new address"))
			return token
		}
		first := begin("first@example.com")
		second := begin("second@example.com")
		if err := r.Accounts.ConfirmEmail(q, first); !errors.Is(err, accounts.ErrLink) {
			t.Errorf("the link of an earlier change: %v", err)
		}
		if email, err := r.Accounts.PendingEmail(ctx, second); err != nil || email != "second@example.com" || r.user("ada").Email != "ada@example.com" {
			t.Errorf("before the confirmation: %q, %v", email, err)
		}
		if good := together(16, func() error { return r.Accounts.ConfirmEmail(q, second) }); good != 1 || r.user("ada").Email != "second@example.com" {
			t.Errorf("confirmed %d times", good)
		}
		m := r.one("ada@example.com", "Your address on The Shop was changed")
		if !strings.Contains(strings.Join(strings.Fields(m.Text), " "), "second@example.com instead of ada@example.com") {
			t.Errorf("the notice: %s", m.Text)
		}

		// An address that was changed otherwise ends the link.
		third := begin("third@example.com")
		if ok, err := r.Database.ReplaceEmail(ctx, r.user("ada").ID, "second@example.com", "admin-set@example.com"); err != nil || !ok {
			t.Fatal(ok, err)
		}
		if err := r.Accounts.ConfirmEmail(q, third); !errors.Is(err, accounts.ErrLink) || r.user("ada").Email != "admin-set@example.com" {
			t.Errorf("the link of a change that was overtaken: %v", err)
		}

		// "This wasn't me" brings the address of its mailbox back, whatever it is by now,
		// and starts a reset there.
		_, token := link(t, m)
		done, err := r.Accounts.Rescue(ctx, token, "")
		if err != nil || done.Address != "ada@example.com" || done.Mailbox != "ada@example.com" {
			t.Fatalf("%+v, %v", done, err)
		}
		if got := r.user("ada").Email; got != "ada@example.com" {
			t.Errorf("the address did not come back: %s", got)
		}
		r.one("ada@example.com", "Choose a new password for your account on The Shop")
	})
}

func TestRescue(t *testing.T) {
	r := newRig(t)
	r.CreateUser("ada", canary)
	mine, theirs := r.login("ada", firefox), r.login("ada", safari)
	m := r.one("ada@example.com", "New sign-in to The Shop")
	if !strings.Contains(strings.Join(strings.Fields(m.Text), " "), "Safari on iPhone at the address 127.0.0.1") {
		t.Errorf("the notice: %s", m.Text)
	}
	path, token := link(t, m)
	todo, err := r.Accounts.Rescuable(t.Context(), token)
	if !strings.HasPrefix(path, accounts.DisownPath) || todo != (accounts.Rescue{Mailbox: "ada@example.com"}) || err != nil {
		t.Errorf("the link is %s: %+v, %v", path, todo, err)
	}
	r.want(mine, "/me", http.StatusOK)
	good := together(16, func() error {
		_, err := r.Accounts.Rescue(t.Context(), token, "")
		if err != nil && !errors.Is(err, accounts.ErrLink) {
			t.Error(err)
		}
		return err
	})
	if good != 1 {
		t.Errorf("rescued %d times", good)
	}
	r.want(theirs, "/me", http.StatusForbidden)
	r.want(mine, "/me", http.StatusForbidden)
	if r.opens("ada", canary) {
		t.Error("the old password opens the account")
	}
	_, reset := link(t, r.one("ada@example.com", "Choose a new password"))
	if !r.Auth.CheckResetToken(r.user("ada"), reset) {
		t.Error("the link of the reset is not valid")
	}
	if _, err := r.Accounts.Rescuable(t.Context(), token); !errors.Is(err, accounts.ErrLink) {
		t.Errorf("the link stays: %v", err)
	}
}

// What is stored of links and emails is worth nothing to anyone who reads the database.
func TestNothingInTheOpen(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.CreateUser("ada", another)
	link1, err := r.Accounts.Invite(ctx, "joe@example.com", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Accounts.RequestReset(ctx, "ada@example.com", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Accounts.BeginSignup(ctx, newcomer("eve"), ""); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, query := range []string{"SELECT message FROM coatcheck_mail", "SELECT token_hash || data FROM coatcheck_link"} {
		rows, err := r.Database.SQL().QueryContext(ctx, query)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				t.Fatal(err)
			}
			all = append(all, text)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	text := strings.Join(all, "\n")
	if len(all) != 4 {
		t.Fatalf("rows: %s", text)
	}
	for _, secret := range []string{canary, "pbkdf2", link1[len(link1)-27 : len(link1)-1]} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in %s", secret, text)
		}
	}
}

var errDown = errors.New("the mail server is down")

func TestQueue(t *testing.T) {
	r := newRig(t)
	r.CreateUser("ada", canary)
	now := time.Now()
	r.Accounts.SetNow(func() time.Time { return now })
	r.outbox.FailWith(errDown)
	if err := r.Accounts.RequestReset(t.Context(), "ada@example.com", ""); err != nil {
		t.Fatalf("the answer depends on the mail server: %v", err)
	}
	tries := 0
	for end := now.Add(26 * time.Hour); now.Before(end); now = now.Add(10 * time.Second) {
		sent, err := r.Accounts.SendNext(t.Context())
		if sent && !errors.Is(err, errDown) {
			t.Fatalf("try %d: %v", tries, err)
		}
		if sent {
			tries++
		}
	}
	if n, err := own.New(r.Database).Emails().Waiting(t.Context()); tries < 20 || tries > 60 || n != 0 || err != nil {
		t.Errorf("%d tries in a day, then %d wait: %v", tries, n, err)
	}

	if err := r.Accounts.RequestReset(t.Context(), "ada@example.com", ""); err != nil {
		t.Fatal(err)
	}
	r.outbox.FailWith(nil)
	r.one("ada@example.com", "Password reset")
}

// Run sends what was queued by another node or before a restart.
func TestRunSends(t *testing.T) {
	r := newRig(t)
	r.CreateUser("ada", canary)
	if err := r.Accounts.RequestReset(t.Context(), "ada@example.com", ""); err != nil {
		t.Fatal(err)
	}
	restarted := newRig(t, func(c *coatcheck.Config) { c.Database = r.Database })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- restarted.Run(ctx) }()
	for deadline := time.Now().Add(20 * time.Second); ; {
		if mails := restarted.outbox.Take(); len(mails) == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the mail was not sent")
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Every email is there in every language, with nothing left to fill in.
func TestMailsInEveryLanguage(t *testing.T) {
	for _, lang := range []string{"en", "de", "fr", "es", "ja"} {
		r := newRig(t)
		r.CreateUser("ada", canary)
		ctx := t.Context()
		for _, begin := range []func() error{
			func() error { return r.Accounts.RequestReset(ctx, "ada@example.com", lang) },
			func() error { _, err := r.Accounts.BeginSignup(ctx, newcomer("eve"), lang); return err },
			func() error {
				_, err := r.Accounts.BeginSignup(ctx, auth.NewUser{Username: "x", Email: "ada@example.com", Password: canary}, lang)
				return err
			},
			func() error { _, err := r.Accounts.Invite(ctx, "joe@example.com", lang); return err },
			func() error {
				q := r.request()
				q.Header.Set("Accept-Language", lang)
				_, err := r.Accounts.BeginEmailChange(q, r.user("ada"), "new@example.com")
				return err
			},
		} {
			if err := begin(); err != nil {
				t.Fatal(err)
			}
		}
		mails := r.deliver()
		if len(mails) != 6 {
			t.Fatalf("%s: %v", lang, subjects(mails))
		}
		for _, m := range mails {
			for _, text := range []string{m.Subject, m.Text, m.HTML} {
				if strings.Contains(text, "%(") || strings.Contains(text, "{{") || text == "" {
					t.Errorf("%s: %s", lang, text)
				}
			}
			if !strings.Contains(m.HTML, `lang="`+lang+`"`) {
				t.Errorf("%s: the mail says another language", lang)
			}
		}
	}
}

// A Config and a Service print no key.
func TestNoKeyIsPrinted(t *testing.T) {
	r := newRig(t)
	c := accounts.Config{Keys: signing.Keys{Secret: canary, Fallbacks: []string{canary}}}
	text, err := json.Marshal(c)
	if err == nil && strings.Contains(string(text), canary) {
		t.Error("JSON shows the key")
	}
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %s", c, c, []any{&c}), r.Accounts.String(), r.Accounts.GoString()} {
		if strings.Contains(text, canary) || strings.Contains(text, "secret key") {
			t.Errorf("shows a key: %s", text)
		}
	}
}

// What is sealed for one link is worth nothing in the row of another.
func TestLinkDataBelongsToItsLink(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		ctx := t.Context()
		invite := func(email string) string {
			t.Helper()
			if _, err := r.Accounts.Invite(ctx, email, ""); err != nil {
				t.Fatal(err)
			}
			_, token := link(t, r.one(email, "You are invited"))
			return token
		}
		first := invite("ada@example.com")
		var data string
		if err := r.Database.SQL().QueryRowContext(ctx, "SELECT data FROM coatcheck_link").Scan(&data); err != nil {
			t.Fatal(err)
		}
		second := invite("joe@example.com")
		if _, err := r.Database.SQL().ExecContext(ctx, "UPDATE coatcheck_link SET data = '"+data+"'"); err != nil {
			t.Fatal(err)
		}
		if email, err := r.Accounts.Invitation(ctx, first); email != "ada@example.com" || err != nil {
			t.Errorf("its own: %q, %v", email, err)
		}
		if email, err := r.Accounts.Invitation(ctx, second); email != "" || !errors.Is(err, accounts.ErrLink) {
			t.Errorf("that of another: %q, %v", email, err)
		}
	})
}
