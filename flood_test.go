package coatcheck_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/throttle"
)

// floodHasher records whose hashes are computed, and holds the hashes of a flood
// until it is let go.
type floodHasher struct {
	password.PBKDF2SHA256
	release chan struct{}
	mu      sync.Mutex // guards order
	order   []string
}

func (h *floodHasher) note(raw string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.order = append(h.order, raw)
}

func (h *floodHasher) Verify(raw string, hash password.Hash) (bool, error) {
	h.note(raw)
	return h.PBKDF2SHA256.Verify(raw, hash)
}

func (h *floodHasher) Harden(raw string, _ time.Duration) {
	h.note(raw)
	if raw == "flood" {
		<-h.release
	}
}

// queueBackend reports each login that waits for a hash.
type queueBackend struct {
	auth.ModelBackend
	queued chan struct{}
}

func (b *queueBackend) Authenticate(ctx context.Context, c auth.Credentials) (*auth.User, error) {
	if c.Password == "flood" {
		return b.ModelBackend.Authenticate(ctx, c)
	}
	return b.ModelBackend.Authenticate(queueContext{ctx, sync.OnceFunc(func() { b.queued <- struct{}{} })}, c)
}

// queueContext reports that somebody waits for its end.
type queueContext struct {
	context.Context
	waits func()
}

func (c queueContext) Done() <-chan struct{} {
	c.waits()
	return c.Context.Done()
}

// detachedUsers do not wait for the end of a request.
type detachedUsers struct{ auth.Users }

func (u detachedUsers) UserByUsername(ctx context.Context, name string) (*auth.User, error) {
	return u.Users.UserByUsername(context.WithoutCancel(ctx), name)
}

// floodSite is a site that computes one hash at a time, with 16 places to wait.
func floodSite(t *testing.T) (*coatcheck.Site, *floodHasher, *queueBackend) {
	t.Helper()
	h := &floodHasher{PBKDF2SHA256: password.PBKDF2SHA256{Iterations: 1}, release: make(chan struct{})}
	config := testConfig(t)
	config.Passwords.Hashing = password.Config{
		Hashers: []password.Hasher{h}, Workers: 1, MaxQueue: 16, MaxWait: time.Minute,
	}
	hashers, err := password.New(config.Passwords.Hashing)
	if err != nil {
		t.Fatal(err)
	}
	backend := &queueBackend{
		auth.ModelBackend{Users: detachedUsers{config.Database}, Passwords: hashers}, make(chan struct{}, 100),
	}
	config.Logins.Backends = []auth.Backend{backend}
	config.Logins.Throttle.Address = throttle.Limit{Burst: 1000, Every: time.Second} // all come from one address here
	site, err := coatcheck.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return site, h, backend
}

// TestFlood: sixty clients with wrong names fill the queue for hashes. Pages of
// people who are signed in wait for no hash, and the owners of eight accounts log in
// from their known devices, before the flood has its turn.
func TestFlood(t *testing.T) {
	const flooders, owners, places = 60, 8, 16
	site, h, backend := floodSite(t)
	server := serve(t, site)
	login := func(c *client, name, password string) int {
		response, _ := c.do("POST", "/accounts/login/", "username="+name+"&password="+password)
		return response.StatusCode
	}
	var known []*client
	for i := range owners {
		name := fmt.Sprint("owner", i)
		if _, err := site.Auth.CreateUser(t.Context(), auth.NewUser{Username: name, Password: name}); err != nil {
			t.Fatal(err)
		}
		known = append(known, newClient(t, server))
		if got := login(known[i], name, name); got != http.StatusOK {
			t.Fatalf("%s logs in: %d", name, got)
		}
	}
	h.order = nil
	for len(backend.queued) > 0 {
		<-backend.queued
	}

	var flood sync.WaitGroup
	refused := make(chan int, flooders)
	for i := range flooders {
		flood.Go(func() { refused <- login(newClient(t, server), fmt.Sprint("nobody", i), "flood") })
	}
	for range flooders - places - 1 {
		if got := <-refused; got != http.StatusServiceUnavailable {
			t.Errorf("one of the flood gets %d", got)
		}
	}
	for range 20 { // while the only worker is held
		response, body := known[0].do("GET", "/private", "")
		if response.StatusCode != http.StatusOK || body != "hello owner0" {
			t.Errorf("a page of somebody who is signed in: %s %s", response.Status, body)
		}
	}
	statuses := make(chan int, owners)
	for i, c := range known {
		flood.Go(func() {
			name := fmt.Sprint("owner", i)
			if i%2 == 0 { // who is asked for the present password
				form := "old_password=" + name + "&new_password1=another+horse+" + name
				response, _ := c.do("POST", "/accounts/password_change/", form)
				statuses <- response.StatusCode
				return
			}
			c.http.Jar.SetCookies(mustURL(t, c.url), []*http.Cookie{{Name: "sessionid", Path: "/", MaxAge: -1}})
			statuses <- login(c, name, name)
		})
	}
	for range owners {
		select {
		case <-backend.queued:
		case got := <-statuses:
			t.Errorf("an owner is not let into the queue: %d", got)
		}
	}
	if got := login(newClient(t, server), "nobody", "other"); got != http.StatusServiceUnavailable {
		t.Errorf("an unknown client in a full queue: %d", got)
	}
	close(h.release)
	flood.Wait()
	close(statuses)
	for got := range statuses {
		if got != http.StatusOK {
			t.Errorf("an owner gets %d", got)
		}
	}
	// Eight checks, one hash of the flood in between after each three; one of it ran before.
	// A password change then checks that the new one is another, for which it queues again.
	const checks = owners + owners/2
	last := 0
	for i, raw := range h.order {
		if strings.HasPrefix(raw, "owner") {
			last = i
		}
	}
	if slices.Index(h.order, "owner0") < 0 || last > checks+checks/3+2 {
		t.Errorf("the order of the hashes is %q", h.order)
	}
}
