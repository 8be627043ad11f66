package views_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/mysql"
	"github.com/coatcheck/coatcheck/database/postgres"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/internal/featuretest"
	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/mail"
	"github.com/coatcheck/coatcheck/signing"
	"github.com/coatcheck/coatcheck/views"
)

// baseURL is where the emails of the tests say that the site is.
const baseURL = "https://www.example.com"

// newMailSite starts a site that has accounts and sends emails, on SQLite.
func newMailSite(t testing.TB, changes ...func(*views.Config)) *site {
	t.Helper()
	return mailSite(t, openSQLite(t), changes...)
}

func openSQLite(t testing.TB) *database.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "site.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func mailSite(t testing.TB, db *database.DB, changes ...func(*views.Config)) *site {
	t.Helper()
	return mailSiteOf(t, db, db, changes...)
}

// mailSiteOf is mailSite for users that auth reaches in another way.
func mailSiteOf(t testing.TB, db *database.DB, users auth.Users, changes ...func(*views.Config)) *site {
	t.Helper()
	service, err := auth.New(auth.Config{Users: users, Passwords: quick(t), Keys: signing.Keys{Secret: secretKey}})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{db: db, auth: service, outbox: &featuretest.Outbox{}}
	sessions := engine(t, db)
	s.accounts, err = accounts.New(accounts.Config{
		Database: db,
		Auth:     service,
		Sessions: sessions,
		Keys:     signing.Keys{Secret: secretKey},
		Options:  accounts.Options{Mail: s.outbox},
		BaseURL:  baseURL,
		SiteName: "The Shop",
	})
	if err != nil {
		t.Fatal(err)
	}
	s.start(t, sessions, changes...)
	return s
}

// onEveryDatabase runs a test on a fresh database of each kind.
func onEveryDatabase(t *testing.T, test func(t *testing.T, db *database.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, openSQLite(t)) })
	t.Run("postgres", func(t *testing.T) {
		db, err := postgres.Open(t.Context(), testenv.Postgres(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		test(t, db)
	})
	t.Run("mysql", func(t *testing.T) {
		db, err := mysql.Open(t.Context(), testenv.MariaDB(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		test(t, db)
	})
}

// deliver sends the emails that wait, and returns them.
func (s *site) deliver(t testing.TB) []mail.Message {
	t.Helper()
	for {
		sent, err := s.accounts.SendNext(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !sent {
			break
		}
	}
	return s.outbox.Take()
}

var linkPattern = regexp.MustCompile(`https://www\.example\.com(/accounts/\S+/)\n`)

// letter delivers the emails, of which there must be one, to the address and about
// the subject, and returns the path of the link in it.
func (s *site) letter(t testing.TB, to, subject string) (path string) {
	t.Helper()
	return linkOf(t, s.deliver(t), to, subject)
}

// confirm delivers the two emails about a change of the address that was begun, the
// notice to the old one and the link to the new one, and returns the link.
func (s *site) confirm(t testing.TB, to, old string) (path string) {
	t.Helper()
	var notices, links []mail.Message
	for _, m := range s.deliver(t) {
		if m.To == old {
			notices = append(notices, m)
		} else {
			links = append(links, m)
		}
	}
	if notMe := linkOf(t, notices, old, "is about to change"); !strings.HasPrefix(notMe, "/accounts/not-me/") {
		t.Errorf("the notice leads to %s", notMe)
	}
	return linkOf(t, links, to, "Confirm your new address")
}

// linkOf is the link in the one email that there must be.
func linkOf(t testing.TB, mails []mail.Message, to, subject string) (path string) {
	t.Helper()
	if len(mails) != 1 || mails[0].To != to || !strings.Contains(mails[0].Subject, subject) {
		t.Fatalf("mails: %v, want one to %s about %q", subjects(mails), to, subject)
	}
	found := linkPattern.FindStringSubmatch(mails[0].Text)
	if found == nil || !strings.Contains(mails[0].HTML, `href="`+baseURL+found[1]+`"`) {
		t.Fatalf("no link in %s", mails[0].Text)
	}
	return found[1]
}

func subjects(mails []mail.Message) (all []string) {
	for _, m := range mails {
		all = append(all, m.To+": "+m.Subject)
	}
	return all
}

// together calls f so often at once and returns how often each status came.
func together(n int, f func(i int) int) map[int]int {
	var wg sync.WaitGroup
	var mu sync.Mutex
	count := map[int]int{}
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			status := f(i)
			mu.Lock()
			defer mu.Unlock()
			count[status]++
		})
	}
	close(start)
	wg.Wait()
	return count
}
