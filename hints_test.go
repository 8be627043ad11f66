package coatcheck_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/sessions"
)

// countingSink counts the queries of one request.
type countingSink struct{ rows atomic.Int64 }

func (s *countingSink) Emit(_ context.Context, e flow.Event) {
	if strings.HasPrefix(string(e.Code), "database.row") {
		s.rows.Add(1)
	}
}

// whoPage serves the username of who is signed in, or "nobody", behind the number of queries
// that it took to find out.
func whoPage(site *coatcheck.Site) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sink := &countingSink{}
		site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, err := auth.UserFromContext(r.Context())
			if err != nil {
				http.Error(w, err.Error(), http.StatusServiceUnavailable)
				return
			}
			name := user.Username
			if user.IsAnonymous() {
				name = "nobody"
			}
			_, _ = fmt.Fprintf(w, "%d %s", sink.rows.Load(), name)
		})).ServeHTTP(w, r.WithContext(flow.WithSink(r.Context(), sink)))
	})
}

// wantWho fails the test unless the next pages are these.
func wantWho(t *testing.T, client *coatchecktest.Client, pages ...string) {
	t.Helper()
	for i, want := range pages {
		if got := client.Get("/"); got.Status != http.StatusOK || got.Body != want {
			t.Errorf("page %d: %d %q, want %q", i+1, got.Status, got.Body, want)
		}
	}
}

// change runs a statement past the site, as another program does.
func change(t *testing.T, site *coatcheck.Site, text string, args ...any) {
	t.Helper()
	if _, err := site.Database.Pool().ExecContext(t.Context(), fmt.Sprintf(text, args...)); err != nil {
		t.Fatal(err)
	}
}

// TestQueriesPerRequest: a signed-in request makes one query where the owner of its session
// is known by a hint, and two where it is not known or another.
func TestQueriesPerRequest(t *testing.T) {
	onDatabases(t, func(t *testing.T, site *coatchecktest.Site) {
		client := site.NewClient(whoPage(site.Site))
		wantWho(t, client, "0 nobody")
		client.ForceLogin(site.CreateUser("ada", goodPassword))
		wantWho(t, client, "2 ada", "1 ada", "1 ada")
		rename(t, client, site.CreateUser("bob", goodPassword), site)
		wantWho(t, client, "2 bob", "1 bob")
	})
}

// rename has the client's session, under its key, name another user.
func rename(t *testing.T, client *coatchecktest.Client, user *auth.User, site *coatchecktest.Site) {
	t.Helper()
	session := client.Session()
	for key, value := range map[string]string{
		sessionkeys.UserID: user.ID, sessionkeys.Hash: site.Auth.SessionAuthHash(user),
	} {
		if err := session.Set(t.Context(), key, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := session.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestHintIsNeverBelieved: what changes after a hint was learned counts at the next request,
// also if another program made the change.
func TestHintIsNeverBelieved(t *testing.T) {
	cycle := func(t *testing.T, _ *coatchecktest.Site, client *coatchecktest.Client, _ *auth.User) {
		session := client.Session()
		if err := session.CycleKey(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		change func(*testing.T, *coatchecktest.Site, *coatchecktest.Client, *auth.User)
		want   string
	}{
		"key cycled": {cycle, "1 nobody"},
		"user swapped": {func(t *testing.T, site *coatchecktest.Site, client *coatchecktest.Client, _ *auth.User) {
			rename(t, client, site.CreateUser("bob", goodPassword), site)
		}, "2 bob"},
		"user swapped without the hash": {func(t *testing.T, site *coatchecktest.Site, client *coatchecktest.Client, _ *auth.User) {
			session := client.Session()
			if err := session.Set(t.Context(), sessionkeys.UserID, site.CreateUser("bob", goodPassword).ID); err != nil {
				t.Fatal(err)
			}
			if err := session.Save(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, "2 nobody"},
		"row deleted": {func(t *testing.T, site *coatchecktest.Site, _ *coatchecktest.Client, _ *auth.User) {
			change(t, site.Site, "DELETE FROM django_session")
		}, "1 nobody"},
		"user deactivated": {func(t *testing.T, site *coatchecktest.Site, _ *coatchecktest.Client, user *auth.User) {
			change(t, site.Site, "UPDATE auth_user SET is_active = FALSE WHERE id = %s", user.ID)
		}, "1 nobody"},
		"user deleted": {func(t *testing.T, site *coatchecktest.Site, _ *coatchecktest.Client, user *auth.User) {
			change(t, site.Site, "DELETE FROM auth_user WHERE id = %s", user.ID)
		}, "2 nobody"},
		"password changed": {func(t *testing.T, site *coatchecktest.Site, _ *coatchecktest.Client, user *auth.User) {
			change(t, site.Site, "UPDATE auth_user SET password = 'md5$salt$hash' WHERE id = %s", user.ID)
		}, "1 nobody"},
		"name changed": {func(t *testing.T, site *coatchecktest.Site, _ *coatchecktest.Client, user *auth.User) {
			change(t, site.Site, "UPDATE auth_user SET username = 'eve' WHERE id = %s", user.ID)
		}, "1 eve"},
	} {
		t.Run(name, func(t *testing.T) {
			onDatabases(t, func(t *testing.T, site *coatchecktest.Site) {
				client := site.NewClient(whoPage(site.Site))
				user := site.CreateUser("ada", goodPassword)
				client.ForceLogin(user)
				wantWho(t, client, "2 ada", "1 ada")
				c.change(t, site, client, user)
				wantWho(t, client, c.want)
			})
		})
	}
}

// TestHintRaces: while sessions are given to another user and back, and users get another
// name, no response names a user whom the session did not name, and each is right once the
// changes are over.
func TestHintRaces(t *testing.T) {
	onDatabases(t, func(t *testing.T, site *coatchecktest.Site) {
		client := site.NewClient(whoPage(site.Site))
		ada, bob := site.CreateUser("ada", goodPassword), site.CreateUser("bob", goodPassword)
		client.ForceLogin(ada)
		key := client.Session().Key()
		other := site.NewClient(whoPage(site.Site))
		other.ForceLogin(site.CreateUser("eve", goodPassword))
		var done atomic.Bool
		var asking sync.WaitGroup
		for range 4 {
			asking.Go(func() {
				for !done.Load() {
					name := fetch(t, client.URL.String(), key)
					if !strings.HasSuffix(name, " ada") && !strings.HasSuffix(name, " bob") {
						t.Errorf("the session of ada and bob: %q", name)
					}
				}
			})
		}
		for i := range 40 {
			rename(t, client, []*auth.User{bob, ada}[i%2], site)
			wantSuffix(t, fetch(t, client.URL.String(), key), []string{" bob", " ada"}[i%2])
		}
		done.Store(true)
		asking.Wait()
		wantWho(t, other, "2 eve", "1 eve")
	})
}

func wantSuffix(t *testing.T, got, want string) {
	t.Helper()
	if !strings.HasSuffix(got, want) {
		t.Errorf("%q, want %q at the end", got, want)
	}
}

// fetch asks for the page with a session key.
func fetch(t *testing.T, address string, key sessions.Key) string {
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Error(err)
		return ""
	}
	request.Header.Set("Cookie", sessions.DefaultCookieName+"="+string(key))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer response.Body.Close() //nolint:errcheck // it is read to its end
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}

// TestOwnWritesAreSeen: a request that loads its session, changes its user and then asks who
// that is gets the user as changed.
func TestOwnWritesAreSeen(t *testing.T) {
	onDatabases(t, func(t *testing.T, site *coatchecktest.Site) {
		ada := site.CreateUser("ada", goodPassword)
		client := site.NewClient(site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			session, err := sessions.FromContext(r.Context())
			if err == nil {
				_, err = session.State(r.Context())
			}
			if err == nil && r.URL.Path == "/change" {
				err = site.Database.SetPassword(r.Context(), ada.ID, "md5$salt$hash")
			}
			user, userErr := auth.UserFromContext(r.Context())
			_, _ = fmt.Fprint(w, user, err, userErr)
		})))
		client.ForceLogin(ada)
		for _, page := range [][2]string{
			{"/", "ada <nil> <nil>"}, {"/", "ada <nil> <nil>"}, {"/change", "AnonymousUser <nil> <nil>"},
		} {
			if got := client.Get(page[0]); got.Body != page[1] {
				t.Errorf("%s: %q, want %q", page[0], got.Body, page[1])
			}
		}
	})
}
