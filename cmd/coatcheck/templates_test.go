package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/mail/mailtest"
)

// TestTemplates: serve shows the templates of a folder and sends its emails, in each encoding
// of a text file, and tells of a name that replaces nothing.
func TestTemplates(t *testing.T) {
	for name, in := range encodings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.MkdirAll(filepath.Join(dir, "t", "emails"), 0o700); err != nil {
				t.Fatal(err)
			}
			save(t, in, dir, "t/login.html", `{{define "main"}}<h1>Grüße</h1>{{template "form" .Data}}{{end}}`)
			save(t, in, dir, "t/base.html", `<!DOCTYPE html><html lang="{{.Language}}"><title>x</title>{{template "main" .}}`)
			save(t, in, dir, "t/log_in.html", `{{define "main"}}{{end}}`)
			save(t, in, dir, "t/emails/signup_confirm.txt", "Grüße\r\n\r\n=> Los\r\n")
			p := start(t, dir, nil, "--templates", "t", "--signup-verification",
				"--email-backend", "file", "--email-file-path", "sent")
			v := p.visitor()
			page := v.get("/accounts/login/", "Accept", "text/html")
			if page.status != http.StatusOK || !strings.HasPrefix(page.body, "<!DOCTYPE html>") ||
				!strings.Contains(page.body, "<h1>Grüße</h1>") {
				t.Errorf("%d %q", page.status, page.body)
			}
			form := credentials("alice", "correct horse")
			form.Set("email", "alice@example.com")
			v.post("/accounts/signup/", form)
			if got := sentTo(t, filepath.Join(dir, "sent")); got.Subject != "Grüße" || !strings.Contains(got.Text, "Los:") {
				t.Errorf("sent: %q\n%s", got.Subject, got.Text)
			}
			p.stop()
			if log := p.err.String(); !strings.Contains(log, "these templates replace none of ours") || !strings.Contains(log, "templates=log_in.html") {
				t.Errorf("the log:\n%s", log)
			}
		})
	}
}

// sentTo waits for the first email in a folder.
func sentTo(t *testing.T, folder string) (got mailtest.Received) {
	t.Helper()
	wait(t, "an email", func() bool {
		files, err := filepath.Glob(filepath.Join(folder, "*.eml"))
		if err != nil || len(files) == 0 {
			return false
		}
		raw, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		got, err = mailtest.Parse(raw)
		return err == nil
	})
	return got
}
