package coatcheck_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/mail"
)

// lines is a log that is read while it is written.
type lines struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// take returns the lines since it was called last.
func (l *lines) take() []map[string]any {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []map[string]any
	for text := range strings.Lines(l.b.String()) {
		line := map[string]any{}
		if json.Unmarshal([]byte(text), &line) == nil {
			all = append(all, line)
		}
	}
	l.b.Reset()
	return all
}

// posted keeps the text of the emails that are sent.
type posted struct{ text string }

func (p *posted) Send(_ context.Context, m mail.Message) error {
	p.text = m.Text
	return nil
}

// TestLogNamesClientAndUser: each line about an account has the address of the client, as the
// trusted proxy tells it and without a port, and the user's ID.
func TestLogNamesClientAndUser(t *testing.T) {
	const first, second = "correct horse battery", "another horse battery"
	log, box := &lines{}, &posted{}
	link := regexp.MustCompile(`https://site\.example(/\S+)`)
	onDatabases(t, func(t *testing.T, site *coatchecktest.Site) {
		h := site.Handler(site.Views)
		c, other := site.NewClient(h), site.NewClient(h)
		do := func(c *coatchecktest.Client, path string, status int, message string, form ...string) {
			t.Helper()
			values := url.Values{}
			for i := 0; i < len(form); i += 2 {
				values.Set(form[i], form[i+1])
			}
			r := c.NewRequest(http.MethodPost, path, strings.NewReader(values.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("X-Forwarded-For", "198.51.100.9, 203.0.113.7:4711")
			log.take()
			if got := c.Do(r); got.Status != status {
				t.Errorf("%s: %d %s", path, got.Status, got.Body)
			}
			found := false
			for _, line := range log.take() {
				if line["msg"] != message {
					continue
				}
				found = true
				if line["client"] != "203.0.113.7" || line["user"] != "1" {
					t.Errorf("%s: %v", path, line)
				}
			}
			if !found {
				t.Errorf("%s: no line says %q", path, message)
			}
		}
		login := func(c *coatchecktest.Client) {
			t.Helper()
			do(c, "/accounts/login/", 200, "logged in", "username", "ada", "password", first)
		}
		do(c, "/accounts/signup/", 201, "user created", "username", "ada", "email", "ada@example.com", "password", first)
		do(c, "/accounts/login/", 401, "login failed", "username", "ada", "password", "wrong")
		login(c)
		do(c, "/accounts/logout/", 200, "logged out")
		login(c)
		login(other)
		do(c, "/accounts/sessions/end-others/", 200, "sessions ended")
		do(c, "/accounts/email/", 200, "change of the email address begun", "email", "new@example.com", "password", first)
		path := ""
		for path == "" {
			if sent, err := site.Accounts.SendNext(t.Context()); err != nil || !sent {
				t.Fatal(sent, err)
			}
			if m := link.FindStringSubmatch(box.text); m != nil && strings.Contains(m[1], "email") {
				path = m[1]
			}
		}
		do(c, path, 200, "email address changed")
		do(c, "/accounts/password_change/", 200, "password changed",
			"old_password", first, "new_password1", second, "new_password2", second)
		do(c, "/accounts/close/", 200, "account closed by its user", "password", second, "understand", "on")
	}, func(c *coatcheck.Config) {
		c.Site.Logger = slog.New(slog.NewJSONHandler(io.MultiWriter(log), nil))
		c.Web.TrustedProxies = []string{"127.0.0.1"}
		c.Accounts.Mail, c.Site.BaseURL = box, "https://site.example"
	})
}
