package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/attempts"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/password"
	"github.com/coatcheck/coatcheck/signing"
	"github.com/coatcheck/coatcheck/throttle"
	"github.com/coatcheck/coatcheck/throttle/redis"
)

var hourly = throttle.Limit{Burst: 5, Every: time.Hour}

// stores are all there are, each fresh.
var stores = map[string]func(t *testing.T) throttle.Store{
	"memory": func(*testing.T) throttle.Store { return throttle.NewMemory(0) },
	"redis": func(t *testing.T) throttle.Store {
		s, err := redis.Open(t.Context(), redis.Config{URL: "redis://" + testenv.Redis(t), Timeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		return s
	},
	"sqlite": func(t *testing.T) throttle.Store {
		db, err := sqlite.Open(t.Context(), testenv.SQLiteDatabase(t).DSN())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return own.New(db).Throttle()
	},
	"postgres": func(t *testing.T) throttle.Store {
		db, err := postgres.Open(t.Context(), testenv.PostgresDatabase(t).DSN())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return own.New(db).Throttle()
	},
	"mysql": func(t *testing.T) throttle.Store {
		db, err := mysql.Open(t.Context(), testenv.MariaDBDatabase(t).DSN())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return own.New(db).Throttle()
	},
}

// limited throttles accounts and devices to five attempts an hour, and addresses
// to 20, and hashes cheaply.
func limited(store throttle.Store) func(*auth.Config) {
	return func(c *auth.Config) {
		c.Throttle = attempts.Config{Store: store, Account: hourly, Device: hourly, Address: throttle.Limit{Burst: 20, Every: time.Hour}}
	}
}

// guessFrom tries a password from an address, with the cookies.
func (r *rig) guessFrom(address, name, password string, cookies ...*http.Cookie) error {
	request := httptest.NewRequest(http.MethodPost, "/", nil)
	request.RemoteAddr = address + ":1234"
	for _, c := range cookies {
		request.AddCookie(c)
	}
	_, err := r.Authenticate(r.t.Context(), auth.Credentials{Username: name, Password: password, Request: request})
	return err
}

// wants fails the test where the error is another one.
func wants(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

// TestParallelGuesses: of 500 guesses at once as many are hashed as the limit
// says, on every store (CVE-2019-5421 of devise).
func TestParallelGuesses(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			r, rounds := newMeter(t, limited(open(t)))
			r.user("anna")
			rounds.Store(0)
			var group sync.WaitGroup
			start := make(chan struct{})
			for i := range 500 {
				group.Go(func() {
					<-start
					switch err := r.guessFrom(fmt.Sprintf("192.0.2.%d", i%100), "anna", fmt.Sprint("guess ", i)); {
					case errors.Is(err, attempts.ErrThrottled), errors.Is(err, auth.ErrInvalidCredentials):
					default:
						t.Errorf("guess: %v", err)
					}
				})
			}
			close(start)
			group.Wait()
			if n := rounds.Load() / meterRounds; n != int64(hourly.Burst) {
				t.Errorf("%d hashes were computed, want %d", n, hourly.Burst)
			}
			wants(t, r.guessFrom("192.0.2.200", "anna", "secret"), attempts.ErrThrottled)
		})
	}
}

// TestThrottleBudgets: an account and an address each have their own; a login
// restores the account's budget and returns the address's attempt, and no more.
func TestThrottleBudgets(t *testing.T) {
	r := newRig(t, limited(throttle.NewMemory(0)))
	r.user("anna")
	for range 4 {
		wants(t, r.guessFrom("192.0.2.1", "anna", "wrong"), auth.ErrInvalidCredentials)
	}
	for range 10 {
		wants(t, r.guessFrom("192.0.2.1", "anna", "secret"), nil)
	}
	for range 5 {
		wants(t, r.guessFrom("192.0.2.1", "anna", "wrong"), auth.ErrInvalidCredentials)
	}
	for range 50 { // which costs the address nothing
		wants(t, r.guessFrom("192.0.2.1", "anna", "secret"), attempts.ErrThrottled)
	}
	for i := range 11 {
		wants(t, r.guessFrom("[::ffff:192.0.2.1]", fmt.Sprint("nobody", i), "wrong"), auth.ErrInvalidCredentials)
	}
	wants(t, r.guessFrom("192.0.2.1", "nobody at all", "wrong"), attempts.ErrThrottled)
	wants(t, r.guessFrom("192.0.2.2", "nobody at all", "wrong"), auth.ErrInvalidCredentials)

	for i := range 20 {
		wants(t, r.guessFrom(fmt.Sprintf("[2001:db8:0:1:%x::1]", i), fmt.Sprint("someone", i), "wrong"), auth.ErrInvalidCredentials)
	}
	wants(t, r.guessFrom("[2001:db8:0:1:ffff::9]", "someone else", "wrong"), attempts.ErrThrottled)
	wants(t, r.guessFrom("[2001:db8:0:2::9]", "someone else", "wrong"), auth.ErrInvalidCredentials)
}

// mailBackend signs in by email address too, whatever the case.
type mailBackend struct{ auth.ModelBackend }

func (b *mailBackend) Authenticate(ctx context.Context, c auth.Credentials) (*auth.User, error) {
	return b.ModelBackend.Authenticate(ctx, c)
}

// mailBackends are ones of the program's own, which sign in by email address too.
func mailBackends(c *auth.Config) {
	c.Backends = []auth.Backend{&mailBackend{auth.ModelBackend{Users: c.Users, Passwords: c.Passwords}}}
}

// openMariaDB opens a fresh database.
func openMariaDB(t *testing.T) *database.DB {
	t.Helper()
	db, err := mysql.Open(t.Context(), testenv.MariaDBDatabase(t).DSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// openPostgres opens a fresh database.
func openPostgres(t *testing.T) *database.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), testenv.PostgresDatabase(t).DSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// TestOneIdentity: whatever is typed for an account counts as one (CVE-2025-24806
// of authelia).
func TestOneIdentity(t *testing.T) {
	onMariaDB, onPostgres := openMariaDB(t), openPostgres(t)
	for _, test := range []struct {
		name   string
		change func(*auth.Config)
		typed  []string
	}{
		{"long", func(*auth.Config) {}, slices.Repeat([]string{fmt.Sprintf("%5000d", 1)}, 5)},
		{"MariaDB", func(c *auth.Config) { c.Users = onMariaDB }, []string{"anna", "ANNA", "Anna", "ánna", "anna "}},
		{
			"missing, MariaDB", func(c *auth.Config) { c.Users = openMariaDB(t) },
			[]string{"nobody", "NOBODY", "Nobody", "nóbody", "nobody "},
		},
		{
			"email address", mailBackends,
			[]string{"anna", "anna@example.com", "ANNA@EXAMPLE.COM", "aNNa", "Anna@example.com"},
		},
		{
			"missing, email address", mailBackends,
			[]string{"no@a.example", "NO@a.example", "No@A.Example", "no@A.example", "nO@a.example"},
		},
		{
			"missing, PostgreSQL", func(c *auth.Config) { c.Users = onPostgres; mailBackends(c) },
			[]string{"nobödy", "NOBÖDY", "NobÖdy", "nobÖDY", "nobödY"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, limited(throttle.NewMemory(0)), test.change)
			if _, err := r.CreateUser(t.Context(), auth.NewUser{Username: "anna", Email: "anna@example.com", Password: "secret"}); err != nil {
				t.Fatal(err)
			}
			for i, typed := range test.typed {
				wants(t, r.guessFrom(fmt.Sprintf("192.0.2.%d", i), typed, "wrong"), auth.ErrInvalidCredentials)
			}
			for i, typed := range test.typed {
				wants(t, r.guessFrom(fmt.Sprintf("192.0.2.1%d", i), typed, "secret"), attempts.ErrThrottled)
			}
			wants(t, r.guessFrom("192.0.2.200", "someone else", "wrong"), auth.ErrInvalidCredentials)
		})
	}
}

// countingStore notes the operations.
type countingStore struct {
	throttle.Store
	mu  sync.Mutex // guards ops
	ops []string
}

func (s *countingStore) note(op string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ops = append(s.ops, op)
}

func (s *countingStore) Take(ctx context.Context, name string, limit throttle.Limit) (time.Duration, error) {
	s.note("take")
	return s.Store.Take(ctx, name, limit)
}

func (s *countingStore) Give(ctx context.Context, name string, limit throttle.Limit) error {
	s.note("give")
	return s.Store.Give(ctx, name, limit)
}

func (s *countingStore) Reset(ctx context.Context, name string) error {
	s.note("reset")
	return s.Store.Reset(ctx, name)
}

// TestEveryAccountIsThrottledAlike: whatever is the matter with an account, the
// store is asked the same, and the results are the same.
func TestEveryAccountIsThrottledAlike(t *testing.T) {
	s := &countingStore{Store: throttle.NewMemory(0)}
	r := newRig(t, limited(s))
	r.user("anna")
	for _, u := range []auth.NewUser{{Username: "inactive", Password: "secret", Inactive: true}, {Username: "unusable"}} {
		if _, err := r.CreateUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	var first string
	for i, name := range []string{"anna", "inactive", "unusable", "nobody", "no@body.example", "nul\x00"} {
		s.ops = nil
		var errs []string
		for range 7 {
			err := r.guessFrom(fmt.Sprintf("192.0.2.%d", i), name, "wrong")
			kind := "invalid"
			if errors.Is(err, attempts.ErrThrottled) {
				kind = "throttled"
			}
			errs = append(errs, kind)
		}
		got := fmt.Sprint(s.ops, errs)
		if first == "" {
			first = got
		}
		if got != first {
			t.Errorf("%q: %s\nothers: %s", name, got, first)
		}
	}
}

// brokenStore fails.
type brokenStore struct{ throttle.Store }

var errStore = errors.New("the store is away")

func (brokenStore) Reset(context.Context, string) error { return errStore }

func (brokenStore) Take(context.Context, string, throttle.Limit) (time.Duration, error) {
	return 0, errStore
}

// TestThrottleOutage: guesses get 503 and no hash is computed; who is signed in
// does not notice.
func TestThrottleOutage(t *testing.T) {
	r, rounds := newMeter(t, limited(brokenStore{}))
	anna := r.user("anna")
	b := r.browser()
	b.login(anna.ID)
	rounds.Store(0)
	response, err := b.visit(func(req *http.Request) error {
		_, err := r.Authenticate(req.Context(), auth.Credentials{Username: "anna", Password: "secret", Request: req})
		return err
	})
	if !errors.Is(err, errStore) || errors.Is(err, auth.ErrInvalidCredentials) || response.StatusCode != http.StatusServiceUnavailable || rounds.Load() != 0 {
		t.Errorf("%v, %s, %d rounds", err, response.Status, rounds.Load())
	}
	if b.who().ID != anna.ID {
		t.Error("an outage of the throttle signed somebody out")
	}
	wants(t, r.Allow(httptest.NewRequest(http.MethodPost, "/", nil), "signup", "a@b.example"), errStore)
}

// heldHasher waits within a check until it is let go.
type heldHasher struct {
	password.PBKDF2SHA256
	began, end chan struct{}
}

func (h heldHasher) Verify(raw string, hash password.Hash) (bool, error) {
	if raw == "held" {
		close(h.began)
		<-h.end
	}
	return h.PBKDF2SHA256.Verify(raw, hash)
}

// TestBusyIsNoGuess: who was refused because hashing had no place has not guessed.
func TestBusyIsNoGuess(t *testing.T) {
	h := heldHasher{password.PBKDF2SHA256{Iterations: 1}, make(chan struct{}), make(chan struct{})}
	r := newRig(t, limited(throttle.NewMemory(0)), func(c *auth.Config) {
		var err error
		c.Passwords, err = password.New(password.Config{Hashers: []password.Hasher{h}, Workers: 1, MaxWait: 1})
		if err != nil {
			t.Fatal(err)
		}
	})
	r.user("anna")
	var first sync.WaitGroup
	first.Go(func() { r.guessFrom("192.0.2.1", "anna", "held") })
	<-h.began
	for range 20 {
		wants(t, r.guessFrom("192.0.2.1", "anna", "secret"), password.ErrBusy)
	}
	close(h.end)
	first.Wait()
	for range 4 {
		wants(t, r.guessFrom("192.0.2.1", "anna", "wrong"), auth.ErrInvalidCredentials)
	}
	wants(t, r.guessFrom("192.0.2.1", "anna", "wrong"), attempts.ErrThrottled)
}

// TestRetryAfter checks the time to wait, and how it is told.
func TestRetryAfter(t *testing.T) {
	db := openDB(t)
	synctest.Test(t, func(t *testing.T) {
		store := throttle.NewMemory(0)
		s, err := auth.New(auth.Config{
			Users:    db,
			Keys:     signing.Keys{Secret: secretKey},
			Logger:   quiet(),
			Throttle: attempts.Config{Store: store, Account: throttle.Limit{Burst: 1, Every: 5 * time.Hour}, Address: throttle.Limit{Burst: 2, Every: 90 * time.Second}},
		})
		if err != nil {
			t.Fatal(err)
		}
		request := httptest.NewRequest(http.MethodPost, "/", nil)
		told := func(identity string, seconds int, message string) {
			t.Helper()
			var e *attempts.ThrottledError
			if err := s.Allow(request, "signup", identity); !errors.As(err, &e) || e.Seconds() != seconds || e.Message() != message {
				t.Fatalf("%v, want %d: %s", err, seconds, message)
			}
		}
		wants(t, s.Allow(request, "signup", ""), nil)
		wants(t, s.Allow(request, "signup", "Anna@example.com"), nil)
		told("", 90, "Too many attempts. Please try again in 2 minutes.")
		time.Sleep(10*time.Second + time.Millisecond)
		told("", 80, "Too many attempts. Please try again in 2 minutes.")
		time.Sleep(20 * time.Second)
		told("", 60, "Too many attempts. Please try again in 1 minute.")
		time.Sleep(10 * time.Second)
		told("", 50, "Too many attempts. Please try again in 50 seconds.")
		time.Sleep(49 * time.Second)
		told("", 1, "Too many attempts. Please try again in 1 second.")
		wants(t, s.Allow(request, "reset", "anna@example.com"), nil) // its own budgets
		time.Sleep(999 * time.Millisecond)
		told("ANNA@example.com", 18000-90, "Too many attempts. Please try again in 5 hours.")
		wants(t, s.Allow(request, "signup", "other@example.com"), nil) // the account's refusal gave the address its own back
		if err := s.Allow(request, "a:b", ""); err == nil {
			t.Error("a kind with a colon")
		}
	})
}
