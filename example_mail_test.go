package coatcheck_test

import (
	"context"
	"errors"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/mail"
	"github.com/coatcheck/coatcheck/mail/mailtest"
	"github.com/coatcheck/coatcheck/mail/smtp"
)

// Emails in the terminal, for development.
func Example_mailInTheTerminal() {
	ctx := context.Background()
	sender, err := mail.NewConsole(mail.ConsoleConfig{})
	if err != nil {
		log.Fatal(err)
	}
	err = sender.Send(ctx, mail.Message{
		To: "alice@example.com", Subject: "Welcome", Text: "Hello Alice, your account is ready.",
	})
	if err != nil {
		log.Print(err)
	}
}

// Emails in a folder, a file for each message.
func Example_mailInAFolder() {
	sender, err := mail.NewDir(mail.DirConfig{Path: "sent-mail", From: "The shop <shop@example.com>"})
	if err != nil {
		log.Fatal(err)
	}
	log.Print(sender)
}

// Email by a mail server, over STARTTLS on port 587.
func Example_mailByServer() {
	sender, err := smtp.New(smtp.Config{
		Host:     "smtp.example.com",
		Username: "shop", Password: os.Getenv("EMAIL_HOST_PASSWORD"),
		From: "The shop <shop@example.com>",
	})
	if err != nil {
		log.Fatal(err)
	}
	log.Print(sender)
}

// provider sends email by the interface of an email provider.
type provider struct {
	post func(ctx context.Context, from, to string, raw []byte) (status int, err error)
}

func (p provider) Send(ctx context.Context, m mail.Message) error {
	if m.From == "" {
		m.From = "The shop <shop@example.com>"
	}
	raw, err := m.Encode() // checks the message too
	if err != nil {
		return err
	}
	from, to, err := m.Envelope()
	if err != nil {
		return err
	}
	status, err := p.post(ctx, from, to, raw)
	switch {
	case err != nil:
		return err // passes
	case status == 400 || status == 422:
		return mail.ErrPermanent // the same message would be refused again
	case status >= 300:
		return errors.New("provider: try later")
	}
	return nil
}

func welcome(ctx context.Context, sender mail.Sender, to string) error {
	return sender.Send(ctx, mail.Message{To: to, Subject: "Welcome", Text: "Hello Alice, https://shop.example/\n"})
}

// TestWelcome is the test on the page about email.
func TestWelcome(t *testing.T) {
	server := mailtest.NewServer(t)
	sender, err := smtp.New(smtp.Config{
		Host: server.Host(), Port: server.Port(), TLS: smtp.InsecurePlain, From: "shop@example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := welcome(t.Context(), sender, "alice@example.com"); err != nil {
		t.Fatal(err)
	}
	got := server.Wait(t, 1)[0]
	if got.To[0] != "alice@example.com" || !strings.Contains(got.Text, "https://shop.example/") {
		t.Errorf("got %q to %q", got.Text, got.To)
	}
}

// TestProvider: the sender on the page about email keeps the contract.
func TestProvider(t *testing.T) {
	for status, want := range map[int]error{200: nil, 422: mail.ErrPermanent} {
		var sent []byte
		sender := provider{post: func(_ context.Context, _, _ string, raw []byte) (int, error) {
			sent = raw
			return status, nil
		}}
		if err := welcome(t.Context(), sender, "alice@example.com"); !errors.Is(err, want) {
			t.Errorf("%d: got %v, want %v", status, err, want)
		}
		if got, err := mailtest.Parse(sent); err != nil || got.Subject != "Welcome" {
			t.Errorf("%d: sent %q, %v", status, got.Subject, err)
		}
	}
}
