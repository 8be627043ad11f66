package main

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/mail/mailtest"
)

var changeInMail = regexp.MustCompile(`http://\S+/accounts/email/confirm/\S+/`)

// TestExplainOneTimeLinks: a link that works once is explained and not used up, and of each that does
// nothing the first step that fails is named.
func TestExplainOneTimeLinks(t *testing.T) {
	s := newExplained(t)
	s.p.stop()
	sent := filepath.Join(s.dir, "sent")
	s.p = start(t, s.dir, nil, "--email-backend", "file", "--email-file-path", sent)
	out, errs, status := command(t, s.dir, "invite", "--base-url", "https://a.example")
	invitation := strings.TrimSpace(out)
	if status != 0 || invitation == "" {
		t.Fatalf("%d %s", status, errs)
	}
	token := strings.Split(invitation, "/")[5]
	s.secrets = append(s.secrets, token)
	const refused, once = "link.refused", "the link can be used once, until"
	expired := "UPDATE coatcheck_link SET expires = '2020-01-01 00:00:00'"
	for _, want := range []says{
		{"an invitation", invitation, nil, exitOK, "", once},
		{"its token", token, nil, exitOK, "", once},
		{"said by name", invitation, []string{"--as", "one-time-link"}, exitOK, "", once},
		{"another page", "https://a.example/accounts/not-me/" + token + "/", nil, exitFailed, refused, `of links to say "this wasn't me"`},
		{"unknown", strings.Repeat("A", 26), nil, exitFailed, refused, "no such link is stored"},
		{"no database", invitation, []string{"--no-database"}, exitUsage, "", ""},
		{"no link", "hello", []string{"--as", "one-time-link"}, exitUsage, "", ""},
	} {
		s.check(want)
	}
	v := s.p.visitor()
	form := credentials("alice", "correct horse")
	form.Set("email", "alice@example.com")
	for _, path := range []string{"/accounts/signup/", "/accounts/login/"} {
		if got := v.post(path, form); got.status >= 300 {
			t.Fatalf("%s: %d %s", path, got.status, got.body)
		}
	}
	change := url.Values{"email": {"alice@other.example"}, "password": {"correct horse"}}
	if got := v.post("/accounts/email/", change); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	link := ""
	wait(t, "the email with the link", func() bool {
		files, err := filepath.Glob(filepath.Join(sent, "*.eml"))
		for _, file := range files {
			raw, _ := os.ReadFile(file) // it may just be written
			got, _ := mailtest.Parse(raw)
			if link = changeInMail.FindString(got.Text); link != "" {
				return true
			}
		}
		return err != nil
	})
	s.secrets = append(s.secrets, strings.Split(strings.TrimSuffix(link, "/"), "/")[6])
	got := s.check(says{"another address", link, nil, exitOK, "", once})
	if got.Name != "link to confirm an email address" || got.User == nil || got.User.Username != "alice" {
		t.Errorf("%+v", got)
	}
	if _, errs, status := command(t, s.dir, "deactivate", "alice"); status != 0 {
		t.Fatal(errs)
	}
	s.check(says{"of an inactive user", link, nil, exitFailed, refused, ""})
	s.check(says{"another key", invitation, []string{"--secret-key-file", otherKey(t)}, exitFailed, refused, "of another SECRET_KEY"})
	statement(t, s.where, expired)
	s.check(says{"expired", invitation, nil, exitFailed, refused, "the link expired"})
	statement(t, s.where, "DELETE FROM coatcheck_link")
	s.check(says{"used", invitation, nil, exitFailed, refused, "it was used"})
}

// otherKey is a file with another secret key.
func otherKey(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "other.secret")
	if err := os.WriteFile(file, []byte(strings.Repeat("another-key-", 6)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
