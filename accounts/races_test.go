package accounts_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/internal/featuretest"
	"github.com/coatcheck/coatcheck/sessions"
)

func (h *hooked) Move(ctx context.Context, old, new string, r *sessions.Record) error {
	if err := h.step(ctx, "move", old); err != nil {
		return err
	}
	return h.Store.Move(ctx, old, new, r)
}

// alive counts the sessions in the store that name a user; -1 where it cannot list.
func (h *hooked) alive(t testing.TB, user *auth.User) (n int) {
	t.Helper()
	walker, ok := h.Store.(sessions.Walker)
	if !ok {
		return -1
	}
	err := walker.Walk(t.Context(), func(_ string, d sessions.Data) error {
		if sessionkeys.UserOf(d) == user.ID {
			n++
		}
		return nil
	})
	if errors.Is(err, errors.ErrUnsupported) {
		return -1
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A session that ended while a request gave it another key stays over: the store waits
// in the middle, and the user logs out in another tab, or ends it from elsewhere.
func TestNoCycleBringsASessionBack(t *testing.T) {
	change := func(c *coatchecktest.Client) *coatchecktest.Response {
		return c.PostJSON("/accounts/password_change/", map[string]string{"old_password": canary, "new_password1": another})
	}
	cycle := func(c *coatchecktest.Client) *coatchecktest.Response { return c.Get("/cycle") }
	logout := func(tab, _ *coatchecktest.Client) *coatchecktest.Response {
		return tab.PostJSON("/accounts/logout/", map[string]string{})
	}
	elsewhere := func(tab, other *coatchecktest.Client) *coatchecktest.Response {
		return other.PostJSON("/accounts/sessions/end/", map[string]string{"id": accounts.SessionID(tab.Session().Key())})
	}
	for name, tt := range map[string]struct {
		slow func(c *coatchecktest.Client) *coatchecktest.Response
		end  func(tab, other *coatchecktest.Client) *coatchecktest.Response
	}{
		"password change and logout":         {change, logout},
		"cycle and logout":                   {cycle, logout},
		"cycle and an ending from elsewhere": {cycle, elsewhere},
	} {
		t.Run(name, func(t *testing.T) {
			everyEngine(t, func(t *testing.T, change func(*coatcheck.Config)) { cycleRace(t, change, tt.slow, tt.end) })
		})
	}
}

func cycleRace(t *testing.T, change func(*coatcheck.Config), slow func(*coatchecktest.Client) *coatchecktest.Response,
	end func(tab, other *coatchecktest.Client) *coatchecktest.Response,
) {
	var store *hooked
	r := newRig(t, change, func(c *coatcheck.Config) { store = hook(t, c) })
	r.do("/cycle", func(q *http.Request, _ *auth.User) error {
		session, err := sessions.FromContext(q.Context())
		if err == nil {
			err = session.CycleKey(q.Context())
		}
		if errors.Is(err, sessions.ErrInterrupted) {
			err = nil // the middleware must refuse it all the same
		}
		return err
	})
	ada := r.CreateUser("ada", canary)
	first, other := r.login("ada", firefox), r.login("ada", safari)
	tab := r.NewClient(r.handler)
	tab.SetSession(first.Session())
	begun, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	store.before = func(_ context.Context, op, _ string) error {
		if op == "move" {
			once.Do(func() { close(begun) })
			<-goOn
		}
		return nil
	}
	answer := make(chan *coatchecktest.Response)
	go func() { answer <- slow(first) }()
	<-begun
	if got := end(tab, other); got.Status != http.StatusOK {
		t.Fatalf("the end: %d %s", got.Status, got.Body)
	}
	close(goOn)
	got := <-answer
	if cookie := got.Cookie("sessionid"); got.Status != http.StatusBadRequest || cookie != nil && cookie.Value != "" {
		t.Errorf("%d %s, cookie %v; want 400 and none", got.Status, got.Body, cookie)
	}
	if r.in(first) || r.in(tab) {
		t.Error("the session that ended is in")
	}
	if n := store.alive(t, ada); n > 1 { // that of the other browser
		t.Errorf("%d sessions are in the store", n)
	}
}

// A logout that comes with the old key, when the session has another one in the store and
// the client does not know it yet, ends it: the response waits after the key was moved.
func TestLogoutBetweenTheMoveAndTheCookie(t *testing.T) {
	everyEngine(t, func(t *testing.T, change func(*coatcheck.Config)) {
		for name, known := range map[string]bool{"before it is recorded": false, "when it is recorded": true} {
			t.Run(name, func(t *testing.T) { logoutInTheGap(t, change, known) })
		}
	})
}

func logoutInTheGap(t *testing.T, change func(*coatcheck.Config), recorded bool) {
	var store *hooked
	r := newRig(t, change, func(c *coatcheck.Config) { store = hook(t, c) })
	begun, goOn := make(chan struct{}), make(chan struct{})
	r.do("/cycle", func(q *http.Request, _ *auth.User) error {
		session, err := sessions.FromContext(q.Context())
		if err == nil {
			err = session.CycleKey(q.Context())
		}
		if err == nil && recorded {
			err = r.Accounts.Record(q, "")
		}
		close(begun)
		<-goOn
		return err
	})
	name := "ada" + fmt.Sprint(recorded)
	ada := r.CreateUser(name, canary)
	first := r.login(name, firefox)
	tab := r.NewClient(r.handler)
	tab.SetSession(first.Session())
	answer := make(chan *coatchecktest.Response)
	go func() { answer <- first.Get("/cycle") }()
	<-begun
	if got := tab.PostJSON("/accounts/logout/", map[string]string{}); got.Status != http.StatusOK {
		t.Fatalf("the logout: %d %s", got.Status, got.Body)
	}
	close(goOn)
	got := <-answer
	if cookie := got.Cookie("sessionid"); got.Status != http.StatusBadRequest || cookie != nil && cookie.Value != "" {
		t.Errorf("%d %s, cookie %v; want 400 and none", got.Status, got.Body, cookie)
	}
	if n := store.alive(t, ada); r.in(first) || r.in(tab) || n > 0 {
		t.Errorf("the session that ended is in, or in the store: %d", n)
	}
}

// A password can be changed though the index was lost.
func TestPasswordChangeWithoutTheIndex(t *testing.T) {
	featuretest.Engines(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		r.CreateUser("ada", canary)
		c := r.login("ada", firefox)
		if _, err := r.Database.SQL().ExecContext(t.Context(), "DELETE FROM coatcheck_session"); err != nil {
			t.Fatal(err)
		}
		got := c.PostJSON("/accounts/password_change/", map[string]string{"old_password": canary, "new_password1": another})
		if got.Status != http.StatusOK || !r.in(c) || r.indexed() != 1 {
			t.Errorf("%d %s; in: %v, %d rows", got.Status, got.Body, r.in(c), r.indexed())
		}
	})
}

// Many requests that write one session at once all do, and nothing is lost.
func TestManyWritersOfOneSession(t *testing.T) {
	const writers = 30
	everyEngine(t, func(t *testing.T, change func(*coatcheck.Config)) {
		r := newRig(t, change)
		r.mux.HandleFunc("/write/{name}", func(w http.ResponseWriter, q *http.Request) {
			session, err := sessions.FromContext(q.Context())
			if err == nil {
				err = session.Set(q.Context(), q.PathValue("name"), 1)
			}
			if err != nil {
				t.Error(err)
			}
		})
		c := r.NewClient(r.handler)
		if got := c.Get("/write/first"); got.Status != http.StatusOK {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		session := c.Session()
		var wg sync.WaitGroup
		for n := range writers {
			wg.Go(func() {
				if got := c.Get(fmt.Sprint("/write/w", n)); got.Status != http.StatusOK {
					t.Errorf("writer %d: %d %s", n, got.Status, got.Body)
				}
			})
		}
		wg.Wait()
		data, err := session.Data(t.Context())
		if err != nil || data.Len() != writers+1 {
			t.Errorf("%d keys, want %d: %v", data.Len(), writers+1, err)
		}
	})
}
