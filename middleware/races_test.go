package middleware_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/sessions"
)

// TestLogoutBeatsSaves: a session that was logged out stays dead, however many
// requests of it are just being saved (race R3). No request that starts after
// the logout has returned is signed in.
func TestLogoutBeatsSaves(t *testing.T) {
	rounds := 30
	if testing.Short() {
		rounds = 5
	}
	s := newSite(t).start(t)
	s.user(t, "ada", "secret")
	for range rounds {
		c := s.signIn(t, "ada", "secret")
		key := s.key(t, c)
		cookie := []string{"Cookie", "sessionid=" + key}
		plain := newClient(t) // sends the old key for ever
		plain.Jar = nil
		var out atomic.Bool
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for late := 0; late < 3; {
					if out.Load() {
						late++
					}
					response, body := fetch(t, plain, request(t, http.MethodPost, s.server.URL+"/save", "", cookie...))
					if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusBadRequest {
						t.Errorf("save: %d %s", response.StatusCode, body)
						return
					}
				}
			})
		}
		wg.Go(func() {
			for range 20 {
				began := out.Load()
				if _, who := fetch(t, plain, request(t, http.MethodGet, s.server.URL+"/who", "", cookie...)); began && who == "ada" {
					t.Error("signed in after the logout")
				}
			}
		})
		time.Sleep(3 * time.Millisecond)
		if response, body := fetch(t, plain, request(t, http.MethodPost, s.server.URL+"/logout", "", cookie...)); response.StatusCode != http.StatusOK {
			t.Errorf("logout: %d %s", response.StatusCode, body)
		}
		out.Store(true)
		wg.Wait()
		if _, who := s.get(t, plain, "/who", cookie...); who != "AnonymousUser" {
			t.Errorf("signed in as %q after the logout", who)
		}
		if _, err := s.db.SessionByKey(t.Context(), key, time.Now()); !errors.Is(err, database.ErrNotFound) {
			t.Errorf("the row of the session: %v", err)
		}
		if t.Failed() {
			return
		}
	}
}

// TestLogoutBetweenLoadAndSave is the same by hand: the request is signed in,
// then the logout happens elsewhere, then it is saved.
func TestLogoutBetweenLoadAndSave(t *testing.T) {
	s := newSite(t)
	loaded, loggedOut := make(chan struct{}), make(chan struct{})
	s.mux.HandleFunc("POST /slow", func(w http.ResponseWriter, r *http.Request) {
		user, err := auth.UserFromContext(r.Context())
		if err != nil || !user.IsAuthenticated() {
			t.Errorf("%v, %v", user, err)
		}
		close(loaded)
		<-loggedOut
		write(w, r)
	})
	s.start(t)
	s.user(t, "ada", "secret")
	c := s.signIn(t, "ada", "secret")
	cookie := []string{"Cookie", "sessionid=" + s.key(t, c)}
	other := newClient(t)
	other.Jar = nil
	var wg sync.WaitGroup
	wg.Go(func() {
		response, body := fetch(t, other, request(t, http.MethodPost, s.server.URL+"/slow", "", cookie...))
		if response.StatusCode != http.StatusBadRequest || response.Header["Set-Cookie"] != nil || strings.Contains(body, "written") {
			t.Errorf("%d %v %q", response.StatusCode, response.Header, body)
		}
	})
	<-loaded
	if response, _ := s.post(t, c, "/logout", ""); response.StatusCode != http.StatusOK {
		t.Errorf("logout: %d", response.StatusCode)
	}
	close(loggedOut)
	wg.Wait()
	if _, who := s.get(t, other, "/who", cookie...); who != "AnonymousUser" {
		t.Errorf("signed in as %q", who)
	}
}

// TestWritesAreMerged: requests of one session that write different keys at the
// same time lose none.
func TestWritesAreMerged(t *testing.T) {
	s := newSite(t)
	s.mux.HandleFunc("POST /set/{key}", func(w http.ResponseWriter, r *http.Request) {
		err := session(r).Set(r.Context(), r.PathValue("key"), 1)
		if err == nil {
			err = sessions.Update(r.Context(), session(r), "count", func(n int) int { return n + 1 })
		}
		if err != nil {
			middleware.Fail(w, r, err)
		}
	})
	s.mux.HandleFunc("GET /data", func(w http.ResponseWriter, r *http.Request) {
		data, err := session(r).Data(r.Context())
		if err != nil {
			middleware.Fail(w, r, err)
			return
		}
		fmt.Fprint(w, data.JSON())
	})
	s.start(t)
	s.user(t, "ada", "secret")
	c := s.signIn(t, "ada", "secret")
	const writers = 8
	var wg sync.WaitGroup
	for n := range writers {
		wg.Go(func() {
			if response, body := s.post(t, c, fmt.Sprintf("/set/key%d", n), ""); response.StatusCode != http.StatusOK {
				t.Errorf("%d %s", response.StatusCode, body)
			}
		})
	}
	wg.Wait()
	_, data := s.get(t, c, "/data")
	for n := range writers {
		if !strings.Contains(data, fmt.Sprintf(`"key%d":1`, n)) {
			t.Errorf("key%d is lost: %s", n, data)
		}
	}
	if !strings.Contains(data, fmt.Sprintf(`"count":%d`, writers)) {
		t.Errorf("the count is wrong: %s", data)
	}
	if _, who := s.get(t, c, "/who"); who != "ada" {
		t.Errorf("signed in as %q", who)
	}
}

// TestLoginFixation: a key that a client brings is worth nothing after the
// login, no matter who created it.
func TestLoginFixation(t *testing.T) {
	s := newSite(t).start(t)
	s.user(t, "ada", "secret")
	mallory := newClient(t)
	s.post(t, mallory, "/save", "")
	for name, key := range map[string]string{"made up": sessions.NewKey(), "of a real session": s.key(t, mallory)} {
		if key == "" {
			t.Fatal("no session")
		}
		victim := newClient(t)
		r := request(t, http.MethodPost, s.server.URL+"/login", "username=ada&password=secret",
			"Content-Type", "application/x-www-form-urlencoded", "Cookie", "sessionid="+key)
		response, _ := fetch(t, victim, r)
		if response.StatusCode != http.StatusOK || len(response.Cookies()) != 1 || response.Cookies()[0].Value == key {
			t.Errorf("%s: %d %v", name, response.StatusCode, response.Header)
		}
		if _, who := s.get(t, victim, "/who"); who != "ada" {
			t.Errorf("%s: signed in as %q", name, who)
		}
		if _, who := fetch(t, &http.Client{Transport: mallory.Transport}, request(t, http.MethodGet, s.server.URL+"/who", "", "Cookie", "sessionid="+key)); who != "AnonymousUser" {
			t.Errorf("%s: who knows the key is signed in as %q", name, who)
		}
		if _, err := s.db.SessionByKey(t.Context(), key, time.Now()); !errors.Is(err, database.ErrNotFound) {
			t.Errorf("%s: the row of the key: %v", name, err)
		}
	}
}

// TestPasswordChangeEndsTheOthers, while they are busy.
func TestPasswordChangeEndsTheOthers(t *testing.T) {
	s := newSite(t).start(t)
	ada := s.user(t, "ada", "secret")
	var clients []*http.Client
	for range 4 {
		clients = append(clients, s.signIn(t, "ada", "secret"))
	}
	var changed atomic.Bool
	var wg sync.WaitGroup
	for _, c := range clients {
		wg.Go(func() {
			for late := 0; late < 3; {
				after := changed.Load()
				if after {
					late++
				}
				response, who := s.get(t, c, "/who")
				if after && who == "ada" || response.StatusCode != http.StatusOK && response.StatusCode != http.StatusBadRequest {
					t.Errorf("after the change: %v, %d %q", after, response.StatusCode, who)
				}
			}
		})
	}
	if err := s.auth.SetPassword(t.Context(), ada, "changed"); err != nil {
		t.Error(err)
	}
	changed.Store(true)
	wg.Wait()
}
