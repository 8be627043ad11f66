package coatcheck_test

import (
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/sessions"
)

// onMemories runs a test on two nodes of a site with memories, on SQLite and PostgreSQL. The bound
// is that of the documentation.
func onMemories(t *testing.T, test func(t *testing.T, a, b *coatchecktest.Site, bound time.Duration)) {
	t.Helper()
	for name, c := range map[string]struct {
		bound time.Duration
		open  func(t *testing.T) func() (*database.DB, error)
	}{
		"SQLite": {50 * time.Millisecond, func(t *testing.T) func() (*database.DB, error) {
			path := filepath.Join(t.TempDir(), "site.db")
			return func() (*database.DB, error) { return sqlite.Open(t.Context(), path) }
		}},
		"PostgreSQL": {time.Second, func(t *testing.T) func() (*database.DB, error) {
			dsn := testenv.Postgres(t)
			return func() (*database.DB, error) {
				db, err := postgres.Open(t.Context(), dsn)
				if err == nil {
					err = db.CreateTriggers(t.Context())
				}
				return db, err
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			open := c.open(t)
			test(t, memorySite(t, open), memorySite(t, open), c.bound)
		})
	}
}

// memorySite is a site whose memory counts.
func memorySite(t *testing.T, open func() (*database.DB, error)) *coatchecktest.Site {
	t.Helper()
	db, err := open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	site := coatchecktest.NewSite(t, func(c *coatcheck.Config) { c.Database, c.Sessions.Memory = db, 1<<20 })
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() { _ = site.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	waitFor(t, "the memory does not count", site.Memory.Live)
	return site
}

// waitFor waits until something is so.
func waitFor(t *testing.T, failure string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(failure)
		}
	}
}

// TestMemoryMakesNoQuery: the page of a session in memory makes none, and shows so in its flow.
func TestMemoryMakesNoQuery(t *testing.T) {
	onMemories(t, func(t *testing.T, a, _ *coatchecktest.Site, _ time.Duration) {
		client := a.NewClient(whoPage(a.Site))
		client.ForceLogin(a.CreateUser("ada", goodPassword))
		waitFor(t, "each page makes a query", func() bool { return client.Get("/").Body == "0 ada" })
	})
}

// TestMemoryForgets: what another program does to a session, or to its user, counts on each node
// after the bound.
func TestMemoryForgets(t *testing.T) {
	onMemories(t, func(t *testing.T, a, b *coatchecktest.Site, bound time.Duration) {
		for _, statement := range []string{
			"DELETE FROM django_session WHERE session_key = '%[1]s'",
			"UPDATE django_session SET expire_date = '2001-01-01 00:00:00' WHERE session_key = '%[1]s'",
			"UPDATE django_session SET session_data = 'nonsense' WHERE session_key = '%[1]s'",
			"UPDATE django_session SET session_key = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' WHERE session_key = '%[1]s'",
			"UPDATE auth_user SET password = 'md5$a$b' WHERE id = %[2]s",
			"UPDATE auth_user SET is_active = (1 = 0) WHERE id = %[2]s",
			"UPDATE auth_user SET username = 'eve' WHERE id = %[2]s",
			"INSERT INTO coatcheck_ending (user_id, ending) VALUES ('%[2]s', 9000000000000000)",
		} {
			user := a.CreateUser("ada", goodPassword)
			client := a.NewClient(whoPage(a.Site))
			client.ForceLogin(user)
			key := client.Session().Key()
			other := b.NewClient(whoPage(b.Site))
			for _, address := range []string{client.URL.String(), other.URL.String()} {
				waitFor(t, "each page makes a query", func() bool { return fetch(t, address, key) == "0 ada" })
			}
			change(t, a.Site, statement+" -- %[1]s %[2]s", string(key), user.ID)
			changed := time.Now()
			for _, address := range []string{client.URL.String(), other.URL.String()} {
				for {
					began := time.Now()
					who := fetch(t, address, key)
					if !strings.HasSuffix(who, " ada") {
						break
					}
					if began.Sub(changed) > bound {
						t.Fatalf("%s: still %q after %v", statement, who, began.Sub(changed))
					}
				}
			}
			change(t, a.Site, "DELETE FROM coatcheck_ending")
			change(t, a.Site, "DELETE FROM coatcheck_session")
			change(t, a.Site, "DELETE FROM django_session")
			change(t, a.Site, "UPDATE auth_user SET username = 'user' || id, is_active = (1 = 1)")
		}
	})
}

// TestMemorySignsNobodyOut: the user changes the password again and again on one node, which keeps
// the session signed in. Nobody is signed out on the other one, whose memory may have the session
// from before and the user from after it, or the other way round.
func TestMemorySignsNobodyOut(t *testing.T) {
	onMemories(t, func(t *testing.T, a, b *coatchecktest.Site, _ time.Duration) {
		user := a.CreateUser("ada", goodPassword)
		client := a.NewClient(whoPage(a.Site))
		client.ForceLogin(user)
		key, address := client.Session().Key(), b.NewClient(whoPage(b.Site)).URL.String()
		for i := range 60 {
			err := a.Database.Tx(t.Context(), func(ctx context.Context, _ *database.DB) error {
				if err := a.Auth.SetPassword(ctx, user, goodPassword); err != nil {
					return err
				}
				session := a.Sessions.Session(string(key))
				if err := session.Set(ctx, sessionkeys.Hash, a.Auth.SessionAuthHash(user)); err != nil {
					return err
				}
				return session.Save(ctx)
			})
			if err != nil {
				t.Fatal(err)
			}
			for range i % 7 {
				if who := fetch(t, address, key); !strings.HasSuffix(who, " ada") {
					t.Fatalf("after %d passwords: %q", i+1, who)
				}
			}
		}
	})
}

// TestMemoryNeedsStoresThatTell: New refuses the others, and says why.
func TestMemoryNeedsStoresThatTell(t *testing.T) {
	maria, err := mysql.Open(t.Context(), testenv.MariaDB(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = maria.Close() })
	for want, set := range map[string]func(c *coatcheck.Config){
		"MariaDB and MySQL do not tell of changes": func(c *coatcheck.Config) { c.Database = maria },
		"it is in memory":                          func(*coatcheck.Config) {},
		"1048576 is the least":                     func(c *coatcheck.Config) { c.Sessions.Memory = 1000 },
		"the store does not tell of changes": func(c *coatcheck.Config) {
			db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "site.db"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			c.Database, c.Sessions.Store = db, deaf{}
		},
	} {
		config := testConfig(t)
		config.Sessions.Memory = 1 << 20
		set(&config)
		if _, err := coatcheck.New(config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// deaf is a store of a program's own.
type deaf struct{ sessions.Store }

// TestMemoryBehindPooler: behind a pooler that lends connections by the transaction nothing is heard,
// so that nothing in memory counts.
func TestMemoryBehindPooler(t *testing.T) {
	pooled := testenv.PgBouncer(t, testenv.PostgresDatabase(t), "pool_mode = transaction")
	db, err := postgres.Open(t.Context(), pooled.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.CheckTriggers(t.Context()); err == nil || !strings.Contains(err.Error(), "migrate --triggers") {
		t.Errorf("without triggers: %v", err)
	}
	if err := db.CreateTriggers(t.Context()); err != nil {
		t.Fatal(err)
	}
	log := &heard{}
	site := coatchecktest.NewSite(t, func(c *coatcheck.Config) {
		c.Database, c.Sessions.Memory, c.Site.Logger = db, 1<<20, slog.New(slog.NewTextHandler(log, nil))
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { _ = site.Run(ctx); close(done) }()
	defer func() { cancel(); <-done }()
	client := site.NewClient(whoPage(site.Site))
	client.ForceLogin(site.CreateUser("ada", goodPassword))
	waitFor(t, "the log does not say that nothing is heard", func() bool {
		if who := client.Get("/"); who.Status != http.StatusOK || strings.HasPrefix(who.Body, "0 ") {
			t.Fatalf("%d %q", who.Status, who.Body)
		}
		return strings.Contains(log.String(), "A pooler that lends connections by the transaction")
	})
}

// heard is a log that may be read while it is written.
type heard struct {
	mu   sync.Mutex // guards text
	text strings.Builder
}

func (l *heard) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *heard) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
