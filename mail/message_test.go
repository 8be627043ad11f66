package mail_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/mail"
)

// link is a secret that nothing but the message itself may show.
const link = "https://shop.example/reset/MQ/c8k1xs-0123456789abcdef/"

func message() mail.Message {
	return mail.Message{
		To:      "alice@example.com",
		From:    "shop@example.com",
		Subject: "Password reset",
		Text:    "Hello,\nclick here: " + link + "\n",
	}
}

func TestCheck(t *testing.T) {
	if err := message().Check(); err != nil {
		t.Fatalf("an ordinary message: %v", err)
	}
	for _, test := range []struct {
		name   string
		change func(*mail.Message)
		want   string // in the error; "" is none
	}{
		{"no From yet", func(m *mail.Message) { m.From = "" }, ""},
		{"a From with a name", func(m *mail.Message) { m.From = "Der Löwe <shop@example.com>" }, ""},
		{"a From with a quoted name", func(m *mail.Message) { m.From = `"The, shop" <shop@example.com>` }, ""},
		{"a To of another script", func(m *mail.Message) { m.To = "用户@例子.广告" }, ""},
		{"a To on this machine", func(m *mail.Message) { m.To = "root@localhost" }, ""},
		{"a plus", func(m *mail.Message) { m.To = "alice+shop@example.com" }, ""},
		{"the longest text", func(m *mail.Message) { m.Text = strings.Repeat("a", mail.MaxBody) }, ""},
		{"controls in the text", func(m *mail.Message) { m.Text = "a\r\nb\tc\x1b[31m" }, ""},

		{"no To", func(m *mail.Message) { m.To = "" }, "to: it is not one address"},
		{"two addresses", func(m *mail.Message) { m.To = "a@example.com,b@example.com" }, "to: it is not one address"},
		{"two addresses, a blank between", func(m *mail.Message) { m.To = "a@example.com b@example.com" }, "to: it is not one address"},
		{"two @", func(m *mail.Message) { m.To = "a@b@example.com" }, "to: it is not one address"},
		{"a To with a name", func(m *mail.Message) { m.To = "Alice <alice@example.com>" }, "to: it is not one address"},
		{"a quoted To", func(m *mail.Message) { m.To = `"a> NOTIFY=NEVER"@example.com` }, "to: it is not one address"},
		{"a To with a comment", func(m *mail.Message) { m.To = "a@example.com(c)" }, "to: it is not one address"},
		{"an address literal", func(m *mail.Message) { m.To = "a@[127.0.0.1]" }, "to: it is not one address"},
		{"two dots", func(m *mail.Message) { m.To = "a..b@example.com" }, "to: it is not one address"},
		{"a hyphen at the end of a label", func(m *mail.Message) { m.To = "a@example-.com" }, "to: it is not one address"},
		{"a blank of another script", func(m *mail.Message) { m.To = "a\u3000@example.com" }, "to: it is not one address"},
		{"an invisible letter", func(m *mail.Message) { m.To = "a\u200b@example.com" }, "to: it is not one address"},
		{"a long To", func(m *mail.Message) { m.To = "a@" + strings.Repeat("a.", 126) + "com" }, "to: it is too long"},
		{"a long local part", func(m *mail.Message) { m.To = strings.Repeat("a", 65) + "@example.com" }, "to: it is not one address"},
		{"a To that is not UTF-8", func(m *mail.Message) { m.To = "a\xff@example.com" }, "to: it is not UTF-8"},

		{"no address in From", func(m *mail.Message) { m.From = "The shop" }, "from: it is not one address"},
		{"a From of another script", func(m *mail.Message) { m.From = "shop@例子.广告" }, "from: its address is not ASCII"},
		{"a line break, encoded", func(m *mail.Message) { m.From = "=?utf-8?q?a=0D=0ABcc=3A_x?= <shop@example.com>" }, "from: it holds a line break"},
		{"a long name", func(m *mail.Message) { m.From = strings.Repeat("a", 256) + " <shop@example.com>" }, "from: it is too long"},

		{"no subject", func(m *mail.Message) { m.Subject = "" }, "subject: it is empty"},
		{"a long subject", func(m *mail.Message) { m.Subject = strings.Repeat("a", mail.MaxSubject+1) }, "subject: it is too long"},
		{"a subject that is not UTF-8", func(m *mail.Message) { m.Subject = "\xff" }, "subject: it is not UTF-8"},

		{"no text", func(m *mail.Message) { m.Text, m.HTML = "", "<p>hello" }, "text: it is empty"},
		{"a long text", func(m *mail.Message) { m.Text = strings.Repeat("a", mail.MaxBody+1) }, "text: it is too long"},
		{"a NUL in the text", func(m *mail.Message) { m.Text = "a\x00" }, "text: it holds a NUL"},
		{"a text that is not UTF-8", func(m *mail.Message) { m.Text = "\xff" }, "text: it is not UTF-8"},
		{"a long HTML", func(m *mail.Message) { m.HTML = strings.Repeat("a", mail.MaxBody+1) }, "html: it is too long"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := message()
			test.change(&m)
			err := m.Check()
			if test.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || !errors.Is(err, mail.ErrPermanent) {
				t.Errorf("got %v, want %q and ErrPermanent", err, test.want)
			}
		})
	}
}

// TestHeaderInjection: no character that ends a line, for any program, gets into
// a header (CVE-2015-5144, CVE-2021-32052, CVE-2026-53878).
func TestHeaderInjection(t *testing.T) {
	for _, bad := range []string{"\r\n", "\n", "\r", "\x00", "\t", "\x1b", "\x7f", "\u0085", "\u2028", "\u2029"} {
		injected := bad + "Bcc: eve@example.com"
		for name, change := range map[string]func(*mail.Message){
			"to":              func(m *mail.Message) { m.To += injected },
			"to, at its end":  func(m *mail.Message) { m.To += bad },
			"to, before it":   func(m *mail.Message) { m.To = bad + m.To },
			"from":            func(m *mail.Message) { m.From += injected },
			"from, its name":  func(m *mail.Message) { m.From = "shop" + injected + " <shop@example.com>" },
			"from, in quotes": func(m *mail.Message) { m.From = `"shop` + injected + `" <shop@example.com>` },
			"subject":         func(m *mail.Message) { m.Subject += injected },
			"subject's end":   func(m *mail.Message) { m.Subject += bad },
		} {
			m := message()
			change(&m)
			if raw, err := m.Encode(); !errors.Is(err, mail.ErrPermanent) || raw != nil {
				t.Errorf("%s with %q: got %v", name, bad, err)
			}
		}
	}
}

func TestMessageHidesItself(t *testing.T) {
	m := message()
	m.HTML = "<a href=" + link + ">"
	var logged strings.Builder
	logger := slog.New(slog.NewJSONHandler(&logged, nil))
	logger.Info("mail", "message", m, "pointer", &m, "within", struct{ M mail.Message }{m})
	document, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{
		fmt.Sprint(m), fmt.Sprint(&m), fmt.Sprintf("%v %+v %#v %s %q %x %d", m, m, m, m, m, m, m),
		fmt.Sprintf("%+v", []mail.Message{m}), string(document), logged.String(),
	} {
		if strings.Contains(shown, "reset/") || strings.Contains(shown, fmt.Sprintf("%x", "reset/")) {
			t.Errorf("a message showed its link: %s", shown)
		}
	}
}

func TestEnvelope(t *testing.T) {
	m := message()
	m.From = "The shop <shop@example.com>"
	from, to, err := m.Envelope()
	if from != "shop@example.com" || to != "alice@example.com" || err != nil {
		t.Errorf("got %q, %q, %v", from, to, err)
	}
	m.From = ""
	if _, _, err := m.Envelope(); err == nil || !strings.Contains(err.Error(), "from: it is empty") {
		t.Errorf("without From: got %v", err)
	}
}

// TestCheckAddress: it decides as Check does, and is narrower than Django's validator.
func TestCheckAddress(t *testing.T) {
	for address, good := range map[string]bool{
		"alice@example.com": true, "用户@例子.广告": true, strings.Repeat("a", 64) + "@example.com": true,
		"": false, "alice": false, `"a b"@example.com`: false, "a@[192.0.2.1]": false, "a\n@example.com": false,
		strings.Repeat("a", 65) + "@example.com": false, "a@" + strings.Repeat("例", 90) + ".example": false,
	} {
		m := message()
		m.To = address
		err := mail.CheckAddress(address)
		if (err == nil) != good || (m.Check() == nil) != good || !good && !errors.Is(err, mail.ErrPermanent) {
			t.Errorf("%q: %v, want good %v", address, err, good)
		}
	}
}
