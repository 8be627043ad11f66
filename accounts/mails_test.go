package accounts_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/coatchecktest"
)

// emails are files of Config.Templates.
func mails(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

func TestMailTemplatesCanBeReplaced(t *testing.T) {
	own := mails(map[string]string{
		"password_reset.txt": "A key for {{.Username}}\r\n\r\nDear {{.Username}},\r\nhere it is.\r\n\r\n=> Take it\r\n\r\n-- {{.Holds}}\r\n\r\n{{if .OldEmail}}never{{end}}\r\n",
		"mail.html":          `<html lang="{{.Language}}"><i>{{.Subject}}</i>{{range .Blocks}}<p>{{if .URL}}<a href="{{.URL}}">{{end}}{{.Text}}</p>{{end}}</html>`,
	})
	r := newRig(t, func(c *coatcheck.Config) { c.Accounts.Templates = own })
	user, err := r.Auth.CreateUser(t.Context(), auth.NewUser{Username: "ada <b>", Email: "ada@example.com", Password: canary})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Accounts.RequestReset(t.Context(), user.Email, "de"); err != nil {
		t.Fatal(err)
	}
	m := r.one(user.Email, "A key for ada <b>")
	link(t, m)
	if !strings.HasPrefix(m.Text, "Dear ada <b>, here it is.\n\nTake it:\nhttps://www.example.com/") || !strings.Contains(m.Text, "\n\n3 Tage\n\n-- \nThe Shop") {
		t.Errorf("the text: %s", m.Text)
	}
	if !strings.HasPrefix(m.HTML, `<html lang="de"><i>A key for ada &lt;b&gt;</i><p>Dear ada &lt;b&gt;, here it is.</p><p><a href="https:`) || strings.Count(m.HTML, "<p>") != 3 {
		t.Errorf("the HTML: %s", m.HTML)
	}
	if err := r.Accounts.ResetPassword(r.request(), user, another); err != nil {
		t.Fatal(err)
	}
	r.one(user.Email, "Your password on The Shop was changed") // ours
}

func TestWrongMailTemplates(t *testing.T) {
	r := newRig(t)
	try := func(files map[string]string) error {
		c := coatcheck.Config{Database: r.Database, Keys: coatcheck.Keys{Secret: coatchecktest.SecretKey}}
		c.Accounts.Templates, c.Accounts.Mail, c.Site.BaseURL = mails(files), r.outbox, "https://www.example.com"
		_, err := coatcheck.New(c)
		return err
	}
	for _, tt := range []struct{ name, text, want string }{
		{"reset.txt", "", `has "reset.txt", which replaces nothing; the names are ` + strings.Join(accounts.MailTemplates(), ", ")},
		{"invitation.txt", "Hello\n\n{{.Username\n\n=> x", "email template invitation.txt: template: invitation.txt:3: "},
		{"invitation.txt", "\n{{", "email template invitation.txt: template: invitation.txt:2: "},
		{"invitation.txt", "Hello\n\nOne,\ntwo.\n\n\n{{.Password}}\n\n=> x", "email template invitation.txt: template: invitation.txt:7:"},
		{"mail.html", "{{range .Nothing}}{{end}}", "email template mail.html: template: "},
		{"password_reset.txt", "Hello\n\nClick here.", `email template password_reset.txt: it has no link; begin the paragraph that is to be its button with "=> "`},
		{"signup_confirm.txt", "", "email template signup_confirm.txt: it has no link"},
	} {
		if err := try(map[string]string{tt.name: tt.text}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
	if err := try(map[string]string{"password_reset.txt": "Here\n\nIt is at {{.URL}} now.", "account_closed.txt": "Closed", ".keep": ""}); err != nil {
		t.Error(err) // a link without a button, and an email that has none
	}
}
