package browser_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/mail/mailtest"
	"github.com/coatcheck/coatcheck/mail/smtp"
	"github.com/coatcheck/coatcheck/views"
)

const (
	// canary is the password of every test; it must come out nowhere.
	canary  = "canary-tweets-0451"
	another = "quite-another-0452"
)

// output collects what the logs of all tests say.
var output safeBuffer

type safeBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(&output, &slog.HandlerOptions{Level: slog.LevelDebug})))
	code := m.Run()
	if text := output.b.String(); strings.Contains(text, canary) {
		os.Stderr.WriteString("a password is in the logs:\n" + text)
		code = 1
	}
	if dir := os.Getenv(envScreenshots); dir != "" {
		if err := writeSheet(dir); err != nil {
			os.Stderr.WriteString("the contact sheet: " + err.Error() + "\n")
			code = 1
		}
	}
	os.Exit(code)
}

// site is a whole site, which sends emails by SMTP.
type site struct {
	*coatcheck.Site
	base  string // its address
	mails *mailtest.Server
}

// newSite starts a site. The changes are made to its configuration.
func newSite(t *testing.T, changes ...func(*coatcheck.Config)) *site {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	s := &site{base: "http://" + server.Listener.Addr().String(), mails: mailtest.NewServer(t)}
	sender, err := smtp.New(smtp.Config{
		Host: s.mails.Host(), Port: s.mails.Port(), TLS: smtp.InsecurePlain, From: "The Shop <shop@example.com>",
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Site = coatchecktest.NewSite(t, append([]func(*coatcheck.Config){func(c *coatcheck.Config) {
		c.Accounts.Mail, c.Site.BaseURL, c.Site.Logger = sender, s.base, slog.Default()
	}}, changes...)...).Site
	mux := http.NewServeMux()
	mux.Handle(views.Path, s.Views)
	mux.Handle("/{$}", s.Views.Home())
	mux.Handle(views.PublicURL, s.Views.Public())
	mux.Handle("/", s.Views.NotFound())
	server.Config.Handler = s.Handler(s.Messages(mux))
	server.Start()
	t.Cleanup(server.Close)
	return s
}

// on lets a site use the database.
func on(db *database.DB) func(*coatcheck.Config) {
	return func(c *coatcheck.Config) { c.Database = db }
}

// addUser creates a user whose password is the canary.
func (s *site) addUser(t *testing.T, username string) {
	t.Helper()
	if _, err := s.Auth.CreateUser(t.Context(), auth.NewUser{Username: username, Password: canary}); err != nil {
		t.Fatal(err)
	}
}
