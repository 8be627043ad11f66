package accounts_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/internal/featuretest"
	"github.com/coatcheck/coatcheck/sessions"
)

// notMe opens the link of a notice and presses its button.
func (r *rig) notMe(path string) *coatchecktest.Response {
	r.t.Helper()
	c := r.NewClient(r.handler)
	c.Header.Set("Accept", "application/json")
	if got := c.Get(path); got.Status != http.StatusOK {
		r.t.Fatalf("the link of a notice: %d %s", got.Status, got.Body)
	}
	return c.PostJSON(path, map[string]string{})
}

// setPassword follows the link to a new password.
func (r *rig) setPassword(path, password string) {
	r.t.Helper()
	got := r.NewClient(r.handler).PostJSON(path, map[string]string{"new_password1": password})
	if got.Status != http.StatusOK {
		r.t.Fatalf("a new password: %d %s", got.Status, got.Body)
	}
}

// endOthers presses the button of the list.
func (r *rig) endOthers(c *coatchecktest.Client) int {
	r.t.Helper()
	got := c.PostJSON("/accounts/sessions/end-others/", map[string]string{})
	var answer struct{ Ended int }
	if got.Status != http.StatusOK {
		r.t.Fatalf("end others: %d %s", got.Status, got.Body)
	}
	got.JSON(&answer)
	return answer.Ended
}

// in reports whether a client is signed in.
func (r *rig) in(c *coatchecktest.Client) bool {
	r.t.Helper()
	got := c.Get("/me")
	if got.Status != http.StatusOK && got.Status != http.StatusForbidden {
		r.t.Fatalf("/me: %d %s", got.Status, got.Body)
	}
	return got.Status == http.StatusOK
}

// path is the path of the link in an email.
func (r *rig) path(to, subject string) string {
	r.t.Helper()
	path, _ := link(r.t, r.only(r.deliver(), to, subject))
	return path
}

// begin starts a change of the address, and returns the link to confirm it and that of
// the notice to the old one.
func (r *rig) begin(c *coatchecktest.Client, email, old string) (confirm, notMe string) {
	r.t.Helper()
	got := c.PostJSON("/accounts/email/", map[string]string{"email": email, "password": canary})
	if got.Status != http.StatusOK {
		r.t.Fatalf("change of the address: %d %s", got.Status, got.Body)
	}
	mails := r.deliver()
	confirm, _ = link(r.t, r.only(mails, email, "Confirm your new address"))
	notMe, _ = link(r.t, r.only(mails, old, "is about to change"))
	return confirm, notMe
}

// A link that a thief asked for ends with the password that the thief knew, and the
// owner is told when it is asked for.
func TestChangeOfTheAddressEndsWithThePassword(t *testing.T) {
	for name, rescue := range map[string]func(r *rig, owner *coatchecktest.Client, notMe string){
		"this wasn't me": func(r *rig, _ *coatchecktest.Client, notMe string) {
			if got := r.notMe(notMe); got.Status != http.StatusOK {
				r.t.Fatalf("%d %s", got.Status, got.Body)
			}
			r.setPassword(r.path("ada@example.com", "Choose a new password"), another)
		},
		"a reset": func(r *rig, _ *coatchecktest.Client, _ string) {
			r.NewClient(r.handler).PostJSON("/accounts/password_reset/", map[string]string{"email": "ada@example.com"})
			r.setPassword(r.path("ada@example.com", "Password reset"), another)
		},
		"a change": func(r *rig, owner *coatchecktest.Client, _ string) {
			got := owner.PostJSON("/accounts/password_change/", map[string]string{"old_password": canary, "new_password1": another})
			if got.Status != http.StatusOK {
				r.t.Fatalf("%d %s", got.Status, got.Body)
			}
		},
		"closing": func(r *rig, owner *coatchecktest.Client, _ string) {
			got := owner.PostJSON("/accounts/close/", map[string]any{"password": canary, "understand": true})
			if got.Status != http.StatusOK {
				r.t.Fatalf("%d %s", got.Status, got.Body)
			}
		},
		"deactivation": func(r *rig, _ *coatchecktest.Client, _ string) {
			if _, err := r.Accounts.Deactivate(r.t.Context(), r.user("ada"), nil); err != nil {
				r.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
				r := newRig(t, change)
				r.CreateUser("ada", canary)
				owner, thief := r.login("ada", firefox), r.login("ada", safari)
				r.deliver()
				confirm, notMe := r.begin(thief, "thief@example.com", "ada@example.com")
				rescue(r, owner, notMe)
				if got := r.NewClient(r.handler).PostJSON(confirm, map[string]string{}); got.Status != http.StatusGone {
					t.Errorf("the thief's link: %d %s", got.Status, got.Body)
				}
				if r.in(thief) {
					t.Error("the thief is in")
				}
				if user := r.user("ada"); user.Email == "thief@example.com" {
					t.Error("the account has the thief's address")
				}
			})
		})
	}
}

// The mailbox that had the account first gets it back, whatever happened to the address
// since, and nothing that later mailboxes hold works any more.
func TestRescueAfterTwoChanges(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		r.CreateUser("ada", canary)
		r.login("ada", firefox)
		thief := r.login("ada", safari)
		r.deliver()
		changeTo := func(email, old string) (notMe string) {
			t.Helper()
			confirm, _ := r.begin(thief, email, old)
			if got := thief.PostJSON(confirm, map[string]string{}); got.Status != http.StatusOK {
				t.Fatalf("confirm: %d %s", got.Status, got.Body)
			}
			return r.path(old, "was changed")
		}
		owners := changeTo("one@thief.example", "ada@example.com")
		thiefs := changeTo("two@thief.example", "one@thief.example")
		confirm, begun := r.begin(thief, "three@thief.example", "two@thief.example")

		got := r.notMe(owners)
		var answer struct{ Mailbox, Address string }
		got.JSON(&answer)
		if got.Status != http.StatusOK || answer.Mailbox != "ada@example.com" || answer.Address != "ada@example.com" {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		if got := r.user("ada").Email; got != "ada@example.com" {
			t.Errorf("the address is %s", got)
		}
		if r.in(thief) {
			t.Error("the thief is in")
		}
		reset := r.path("ada@example.com", "Choose a new password")
		r.setPassword(reset, another)
		for _, path := range []string{thiefs, begun, confirm} {
			if got := r.NewClient(r.handler).PostJSON(path, map[string]string{}); got.Status != http.StatusGone {
				t.Errorf("a link of the thief: %d %s", got.Status, got.Body)
			}
		}
		if user := r.user("ada"); user.Email != "ada@example.com" || !r.opens("ada", another) || r.opens("ada", canary) {
			t.Errorf("the account: %+v", user)
		}
	})
}

// A rescue by a later mailbox leaves that of the first one.
func TestRescueByALaterMailbox(t *testing.T) {
	r := newRig(t)
	r.CreateUser("ada", canary)
	thief := r.login("ada", safari)
	confirm, _ := r.begin(thief, "thief@example.com", "ada@example.com")
	thief.PostJSON(confirm, map[string]string{})
	owners := r.path("ada@example.com", "was changed")
	r.login("ada", firefox) // the owner, of whom the thief is told
	if got := r.notMe(r.path("thief@example.com", "New sign-in")); got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	r.setPassword(r.path("thief@example.com", "Choose a new password"), "thief-s-password-77")
	thief = r.NewClient(r.handler)
	thief.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": "thief-s-password-77"})
	if !r.in(thief) {
		t.Fatal("the thief, who has the mailbox of the account, is not in")
	}
	r.deliver()
	if got := r.notMe(owners); got.Status != http.StatusOK || r.in(thief) || r.user("ada").Email != "ada@example.com" {
		t.Errorf("%d %s; the thief is in: %v; the address %s", got.Status, got.Body, r.in(thief), r.user("ada").Email)
	}
	r.setPassword(r.path("ada@example.com", "Choose a new password"), another)
}

// Every session ends, whatever lies before it in the index or is not in it, the number
// is true, and the list is what there is.
func TestEndOthersIsComplete(t *testing.T) {
	everyEngine(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		ada := r.CreateUser("ada", canary)
		r.CreateUser("joe", canary)
		joe := r.login("joe", firefox)
		oldest := r.login("ada", safari)
		for range 21 {
			c := r.login("ada", safari)
			if got := c.PostJSON("/accounts/logout/", map[string]string{}); got.Status != http.StatusOK {
				t.Fatalf("logout: %d", got.Status)
			}
		}
		if n := r.indexed(); n != 2 {
			t.Errorf("%d rows in the index, want those of the two sessions", n)
		}
		r.crowd(ada)
		unindexed := r.NewClient(r.handler)
		unindexed.ForceLogin(ada)
		desk := r.login("ada", firefox)
		if all := r.list(ada, desk.Session().Key()); !all[0].Current {
			t.Errorf("the present session is not the first: %+v", all[0])
		}
		ended := r.endOthers(desk)
		if r.in(oldest) || r.in(unindexed) || !r.in(desk) || !r.in(joe) {
			t.Errorf("in: the oldest %v, one that the index does not have %v, the present one %v, another user %v",
				r.in(oldest), r.in(unindexed), r.in(desk), r.in(joe))
		}
		if want := 203; ended != want && !strings.Contains(t.Name(), "memcached") {
			t.Errorf("%d ended, want %d", ended, want)
		}
		if got := r.endOthers(desk); got != 0 || !r.in(desk) {
			t.Errorf("again: %d ended, the present one is in: %v", got, r.in(desk))
		}
		if all := r.list(ada, desk.Session().Key()); len(all) != 1 || !all[0].Current {
			t.Errorf("listed: %+v", all)
		}
		again := r.login("ada", safari)
		if !r.in(again) {
			t.Error("a login after the ending is not in")
		}
	})
}

// crowd creates more sessions of a user than a page lists, and returns the client of the last.
func (r *rig) crowd(user *auth.User) *coatchecktest.Client {
	r.t.Helper()
	c := r.NewClient(r.handler)
	for range 201 {
		c.SetSession(r.Sessions.Session("")) // the browser of another
		c.ForceLogin(user)
		r.use(string(c.Session().Key()), safari)
	}
	r.flush()
	return c
}

// A session is found by its hash, however many newer ones there are.
func TestEndAnOldSession(t *testing.T) {
	everyEngine(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		ada := r.CreateUser("ada", canary)
		owner := r.login("ada", firefox)
		thief := r.login("ada", safari)
		id := r.list(ada, owner.Session().Key())[1].ID
		last := r.crowd(ada)
		if got := owner.PostJSON("/accounts/sessions/end/", map[string]string{"id": id}); got.Status != http.StatusOK {
			t.Errorf("ending by its id: %d %s", got.Status, got.Body)
		}
		if r.in(thief) || !r.in(owner) || !r.in(last) {
			t.Errorf("in: the one that was ended %v, the others %v, %v", r.in(thief), r.in(owner), r.in(last))
		}
		if got := owner.PostJSON("/accounts/sessions/end/", map[string]string{"id": id}); got.Status != http.StatusNotFound {
			t.Errorf("again: %d", got.Status)
		}
	})
}

// The link of a notice ends sessions however many newer ones there are.
func TestRescueEndsEverySession(t *testing.T) {
	everyEngine(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		ada := r.CreateUser("ada", canary)
		r.login("ada", firefox)
		thief := r.login("ada", safari)
		notMe := r.path("ada@example.com", "New sign-in")
		clients := []*coatchecktest.Client{thief}
		for range 20 {
			c := r.NewClient(r.handler)
			c.ForceLogin(ada)
			clients = append(clients, c)
		}
		if got := r.notMe(notMe); got.Status != http.StatusOK {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		for i, c := range clients {
			if r.in(c) {
				t.Errorf("session %d is in", i)
			}
		}
		if c := r.NewClient(r.handler); c.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": canary}).Status == http.StatusOK {
			t.Error("the password opens the account")
		}
	})
}

// A failure of the store in the middle of a rescue leaves nothing half done that the same
// link could not finish.
func TestRescueAfterAnOutage(t *testing.T) {
	everyEngine(t, func(t *testing.T, change func(*coatcheck.Config)) {
		var store *hooked
		r := newRig(t, change, func(c *coatcheck.Config) { store = hook(t, c) })
		r.CreateUser("ada", canary)
		r.login("ada", firefox)
		thief := r.login("ada", safari)
		notMe := r.path("ada@example.com", "New sign-in")
		store.before = func(context.Context, string, string) error { return errors.New("the store is away") }
		for range 2 {
			got := r.NewClient(r.handler).PostJSON(notMe, map[string]string{})
			if mails := r.deliver(); got.Status != http.StatusServiceUnavailable || len(mails) > 0 {
				t.Errorf("%d %s, %q", got.Status, got.Body, subjects(mails))
			}
		}
		store.before = nil
		if r.in(thief) {
			t.Error("the thief is in after the outage")
		}
		if got := r.notMe(notMe); got.Status != http.StatusOK {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		r.setPassword(r.path("ada@example.com", "Choose a new password"), another)
	})
}

// Sessions whose responses come before an ending returns have ended with it: the ending waits in
// its middle, and logins come and go concurrently.
func TestLoginsDuringAnEnding(t *testing.T) {
	everyEngine(t, func(t *testing.T, change func(*coatcheck.Config)) {
		var store *hooked
		r := newRig(t, change, func(c *coatcheck.Config) { store = hook(t, c) })
		r.CreateUser("ada", canary)
		desk, old := r.login("ada", firefox), r.login("ada", safari)
		begun, goOn := make(chan struct{}), make(chan struct{})
		var once sync.Once
		held := string(old.Session().Key())
		store.before = func(_ context.Context, op, key string) error {
			if op == "delete" && key == held {
				once.Do(func() { close(begun) })
				<-goOn
			}
			return nil
		}
		done := make(chan int)
		go func() { done <- r.endOthers(desk) }()
		<-begun
		var during []*coatchecktest.Client
		for range 10 {
			during = append(during, r.login("ada", safari))
		}
		close(goOn)
		<-done
		for i, c := range append(during, old) {
			if r.in(c) {
				t.Errorf("session %d is in", i)
			}
		}
		if !r.in(desk) || !r.in(r.login("ada", safari)) {
			t.Error("the present session, or a login afterwards, is not in")
		}
	})
}

// Many requests of the session that stays come while it ends the others.
func TestThePresentSessionStays(t *testing.T) {
	everyEngine(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		r.CreateUser("ada", canary)
		desk := r.login("ada", firefox)
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					if got := desk.Get("/me"); got.Status != http.StatusOK {
						t.Errorf("%d %s", got.Status, got.Body)
						return
					}
				}
			})
		}
		for range 20 {
			r.endOthers(desk)
		}
		close(stop)
		wg.Wait()
	})
}

// Where sessions are with the browsers alone there are no pages that promise to end
// them, and a notice leads to what does: a new password.
func TestSignedCookiesPromiseNothing(t *testing.T) {
	var warned strings.Builder
	r := newRig(t, func(c *coatcheck.Config) { c.Sessions.Store, c.Site.Logger = signedCookies(t), warnings(&warned) })
	r.CreateUser("ada", canary)
	desk, phone := r.login("ada", firefox), r.login("ada", safari)
	for _, path := range []string{"/accounts/sessions/", "/accounts/sessions/end-others/", "/accounts/not-me/x/"} {
		if got := desk.Get(path); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
	m := r.one("ada@example.com", "New sign-in")
	if !strings.Contains(m.Text, "https://www.example.com/accounts/password_reset/") || strings.Contains(m.Text, "not-me") ||
		!strings.Contains(strings.Join(strings.Fields(m.Text), " "), "because this site keeps its sessions in the browsers") {
		t.Errorf("the notice: %s", m.Text)
	}
	for range 5 {
		r.want(phone, "/me", http.StatusOK)
	}
	if warned.Len() > 0 {
		t.Errorf("the log warns: %s", &warned)
	}
	got := desk.PostJSON("/accounts/password_change/", map[string]string{"old_password": canary, "new_password1": another})
	if got.Status != http.StatusOK || r.in(phone) || !r.in(desk) {
		t.Errorf("a new password: %d %s; in: the other %v, the present one %v", got.Status, got.Body, r.in(phone), r.in(desk))
	}
}

// What an ending must find has no text in it that a column cannot hold.
func TestUserAgentsThatNoColumnHolds(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		var warned strings.Builder
		r := newRig(t, change, func(c *coatcheck.Config) { c.Site.Logger = warnings(&warned) })
		if r.Database.Engine() == "mysql" {
			if _, err := r.Database.SQL().ExecContext(t.Context(), "ALTER TABLE coatcheck_session CONVERT TO CHARACTER SET utf8mb3"); err != nil {
				t.Fatal(err)
			}
		}
		ada := r.CreateUser("ada", canary)
		desk := r.login("ada", firefox)
		for _, browser := range []string{"Firefox 😀", "\xff\xfe", "ä ö ü", strings.Repeat("😀", 600)} {
			thief := r.login("ada", browser)
			r.want(thief, "/me", http.StatusOK)
			if n := len(r.list(ada, desk.Session().Key())); n != 2 {
				t.Errorf("%q: %d sessions are listed", browser, n)
			}
			if r.endOthers(desk) != 1 || r.in(thief) {
				t.Errorf("%q is in", browser)
			}
		}
		if warned.Len() > 0 {
			t.Errorf("the log warns: %s", &warned)
		}
	})
}

// A user who is not active for a while comes back to no session.
func TestInactiveUsersComeBackToNoSession(t *testing.T) {
	everyEngine(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		ada := r.CreateUser("ada", canary)
		looked, deactivated := r.login("ada", firefox), r.login("ada", safari)
		active := func(is bool) {
			t.Helper()
			ada = r.user("ada")
			ada.IsActive = is
			if err := r.Database.UpdateUser(t.Context(), ada); err != nil {
				t.Fatal(err)
			}
		}
		active(false) // by another program
		if r.in(looked) {
			t.Error("an inactive user is in")
		}
		active(true)
		if r.in(looked) || !r.in(deactivated) {
			t.Errorf("in: what was looked at %v, what was not %v", r.in(looked), r.in(deactivated))
		}
		confirm, notMe := r.begin(deactivated, "new@example.com", "ada@example.com")
		if n, err := r.Accounts.Deactivate(t.Context(), r.user("ada"), nil); n != 1 || err != nil {
			t.Errorf("deactivated: %d sessions, %v", n, err)
		}
		active(true)
		if r.in(deactivated) {
			t.Error("a session from before the deactivation is in")
		}
		for _, path := range []string{confirm, notMe} {
			r.want(r.NewClient(r.handler), path, http.StatusGone)
		}
	})
}

// A login is listed as the login that it is, whatever dead cookie came with it.
func TestLoginWithADeadCookie(t *testing.T) {
	everyEngine(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		ada := r.CreateUser("ada", canary)
		now := time.Now()
		r.Accounts.SetNow(func() time.Time { return now })
		first := r.login("ada", firefox)
		dead := first.Session()
		first.PostJSON("/accounts/logout/", map[string]string{})
		now = now.Add(time.Hour)
		owner := r.login("ada", firefox)
		now = now.Add(time.Hour)
		live := owner.Session()
		for name, session := range map[string]*sessions.Session{"dead": dead, "stolen": live} {
			thief := r.NewClient(r.handler)
			thief.SetSession(session)
			thief.Header.Set("User-Agent", safari)
			if name == "stolen" { // that of the owner, ended by then
				owner.PostJSON("/accounts/logout/", map[string]string{})
			}
			if got := thief.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": canary}); got.Status != http.StatusOK {
				t.Fatalf("%s: %d %s", name, got.Status, got.Body)
			}
			row := r.list(ada, thief.Session().Key())[0]
			if !row.Current || row.Browser != "Safari" || !row.FirstSeen.Equal(now.Truncate(time.Microsecond)) || row.Method != "password" {
				t.Errorf("%s: %+v, want Safari since %v", name, row, now)
			}
			r.endOthers(thief)
			thief.PostJSON("/accounts/logout/", map[string]string{})
		}
		if n := r.indexed(); n != 0 {
			t.Errorf("%d rows are left", n)
		}
	})
}

// What a visitor stored before the login is there after it, also where the same request
// gives the session yet another key.
func TestLoginKeepsWhatAVisitorStored(t *testing.T) {
	everyEngine(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		ada := r.CreateUser("ada", canary)
		store := func(path string, login bool) {
			r.mux.HandleFunc(path, func(w http.ResponseWriter, q *http.Request) {
				session, err := sessions.FromContext(q.Context())
				if err == nil && !login {
					err = session.Set(q.Context(), "cart", 1)
				}
				if err == nil && login {
					err = errors.Join(r.Auth.Login(q, r.user("ada")), session.CycleKey(q.Context()))
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		store("/cart", false)
		store("/enter", true)
		page, program := r.NewClient(r.handler), r.NewClient(r.handler)
		r.want(page, "/cart", http.StatusOK)
		r.want(program, "/cart", http.StatusOK)
		got := page.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": canary})
		if got.Status != http.StatusOK {
			t.Errorf("login: %d %s", got.Status, got.Body)
		}
		r.want(program, "/enter", http.StatusOK)
		for _, c := range []*coatchecktest.Client{page, program} {
			if text, _, err := c.Session().Get(t.Context(), "cart"); text != "1" || err != nil || !r.in(c) {
				t.Errorf("the cart: %q, %v; in: %v", text, err, r.in(c))
			}
		}
		if all := r.list(ada, page.Session().Key()); len(all) != 2 {
			t.Errorf("listed: %+v", all)
		}
	})
}

// The present password is no new one.
func TestTheSamePasswordIsRefused(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		r.CreateUser("ada", canary)
		c := r.login("ada", firefox)
		before := r.user("ada").Password.Encoded()
		got := c.PostJSON("/accounts/password_change/", map[string]string{"old_password": canary, "new_password1": canary})
		if got.Status != http.StatusBadRequest || !strings.Contains(got.Body, "This is the present password.") {
			t.Errorf("a change: %d %s", got.Status, got.Body)
		}
		c.PostJSON("/accounts/password_reset/", map[string]string{"email": "ada@example.com"})
		path := r.path("ada@example.com", "Password reset")
		got = r.NewClient(r.handler).PostJSON(path, map[string]string{"new_password1": canary})
		if got.Status != http.StatusBadRequest || !strings.Contains(got.Body, "This is the present password.") {
			t.Errorf("a reset: %d %s", got.Status, got.Body)
		}
		if r.user("ada").Password.Encoded() != before || !r.in(c) {
			t.Error("something has changed")
		}
		r.setPassword(path, another)
	})
}

// Nobody gets a cookie that the index does not know.
func TestNoCookieBeforeItsRow(t *testing.T) {
	r := newRig(t)
	r.CreateUser("ada", canary)
	if _, err := r.Database.SQL().ExecContext(t.Context(), "ALTER TABLE coatcheck_session RENAME TO away"); err != nil {
		t.Fatal(err)
	}
	c := r.NewClient(r.handler)
	got := c.PostJSON("/accounts/login/", map[string]string{"username": "ada", "password": canary})
	if cookie := got.Cookie("sessionid"); got.Status != http.StatusServiceUnavailable || cookie != nil {
		t.Errorf("%d %s, cookie %v", got.Status, got.Body, cookie)
	}
	var n int
	if err := r.Database.SQL().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM django_session").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d sessions are left, %v", n, err)
	}
}

// A rotation of the secret key keeps one session one, for all requests of a page.
func TestRotationKeepsTheKey(t *testing.T) {
	everyEngine(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		r.CreateUser("ada", canary)
		desk := r.login("ada", firefox)
		key := desk.Session().Key()
		store := r.Sessions.Config().Store
		rotated := newRig(t, func(c *coatcheck.Config) {
			c.Database, c.Keys.Secret, c.Keys.Fallbacks = r.Database, strings.Repeat("another key ", 4), []string{coatchecktest.SecretKey}
			c.Sessions.Store = store
		})
		var wg sync.WaitGroup
		var mu sync.Mutex
		statuses := map[string]int{}
		for range 8 {
			wg.Go(func() {
				c := rotated.NewClient(rotated.handler)
				c.SetSession(r.Sessions.Session(string(key)))
				got := c.Get("/me")
				cookie := got.Cookie("sessionid")
				mu.Lock()
				defer mu.Unlock()
				statuses[fmt.Sprint(got.Status, " deleted=", cookie != nil && cookie.MaxAge < 0, " other=", cookie != nil && cookie.Value != string(key))]++
			})
		}
		wg.Wait()
		if want := "200 deleted=false other=false"; statuses[want] != 8 {
			t.Errorf("%v, want 8 x %s", statuses, want)
		}
	})
}
