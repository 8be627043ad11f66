package mail_test

import (
	"bytes"
	"fmt"
	"mime"
	netmail "net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck/internal/testenv"
	"github.com/coatcheck/coatcheck/mail"
	"github.com/coatcheck/coatcheck/mail/mailtest"
)

func encode(t *testing.T, m mail.Message) mailtest.Received {
	t.Helper()
	raw, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := mailtest.Parse(raw)
	if err != nil {
		t.Fatalf("%v in\n%s", err, raw)
	}
	return got
}

func TestEncode(t *testing.T) {
	m := mail.Message{
		To:      "alice@example.com",
		From:    "Der Löwe <shop@example.com>",
		Subject: "Passwort zurücksetzen – für „alice“ bei einem Geschäft, dessen Name sehr lang ist",
		Text:    "Grüße,\r\n.\nFrom here: " + link + strings.Repeat(" lang", 300) + " ",
		HTML:    "<p>Grüße, <a href=\"" + link + "\">hier</a>",
	}
	before := time.Now().Truncate(time.Second)
	got := encode(t, m)
	want := map[string]string{
		"To": m.To, "Auto-Submitted": "auto-generated", "Mime-Version": "1.0",
	}
	for name, value := range want {
		if got.Header.Get(name) != value {
			t.Errorf("%s: %q, want %q", name, got.Header.Get(name), value)
		}
	}
	if diff := cmp.Diff([]string{m.Subject, "Grüße,\n.\n" + m.Text[strings.Index(m.Text, "From"):] + "\n", m.HTML + "\n"},
		[]string{got.Subject, got.Text, got.HTML}); diff != "" {
		t.Error(diff)
	}
	from, err := netmail.ParseAddress(got.Header.Get("From"))
	if err != nil || from.Name != "Der Löwe" || from.Address != "shop@example.com" {
		t.Errorf("From: %v, %v", from, err)
	}
	if date, err := got.Header.Date(); err != nil || date.Before(before) || date.After(time.Now()) {
		t.Errorf("Date: %v, %v", date, err)
	}
	if kind, _, err := mime.ParseMediaType(got.Header.Get("Content-Type")); err != nil || kind != "multipart/alternative" {
		t.Errorf("Content-Type: %q, %v", kind, err)
	}
	checkLines(t, got.Raw)
}

// checkLines: every line is ASCII, ends in CRLF, and is short enough to read.
func checkLines(t *testing.T, raw []byte) {
	t.Helper()
	for line := range bytes.Lines(raw) {
		text, ok := bytes.CutSuffix(line, []byte("\r\n"))
		if !ok || bytes.ContainsAny(text, "\r\n") || len(text) > 78 {
			t.Errorf("the line %q, of %d bytes", line, len(line))
		}
		if bytes.ContainsFunc(text, func(r rune) bool { return r > '~' || r < ' ' }) {
			t.Errorf("the line %q is not ASCII", line)
		}
	}
}

// TestMessageID: it names the domain of From, not this machine, and is never the
// same twice.
func TestMessageID(t *testing.T) {
	first, second := encode(t, message()).Header.Get("Message-Id"), encode(t, message()).Header.Get("Message-Id")
	if !regexp.MustCompile(`^<[A-Z2-7]{26}@example\.com>$`).MatchString(first) || first == second {
		t.Errorf("got %q and %q", first, second)
	}
}

func TestEncodeTextOnly(t *testing.T) {
	got := encode(t, message())
	if got.Header.Get("Content-Type") != "text/plain; charset=utf-8" || got.Text != message().Text || got.HTML != "" {
		t.Errorf("got %q, %q, %q", got.Header.Get("Content-Type"), got.Text, got.HTML)
	}
}

// TestSubjects: what looks encoded already, and spaces at the ends, come through.
func TestSubjects(t *testing.T) {
	for _, subject := range []string{
		"=?utf-8?q?=0D=0ABcc:_eve?=", " two blanks  inside and out ", strings.Repeat("long ", 100) + "!",
		strings.Repeat("ä", 499), "密码重置", "a=?b", "\u200f",
	} {
		m := message()
		m.Subject = subject
		got := encode(t, m)
		if got.Subject != subject {
			t.Errorf("%q became %q", subject, got.Subject)
		}
		checkLines(t, got.Raw)
	}
}

// TestInternationalTo: the address is written as it is (RFC 6532).
func TestInternationalTo(t *testing.T) {
	m := message()
	m.To = "用户@例子.广告"
	if got := encode(t, m).Header.Get("To"); got != m.To {
		t.Errorf("got %q", got)
	}
}

// FuzzEncode: what is accepted is read back the same by another program, and has
// no header but those we know.
func FuzzEncode(f *testing.F) {
	f.Add("alice@example.com", "Der Löwe <shop@example.com>", "Hällo", "Grüße\r\n.\r\n", "<p>")
	f.Add("a\r\nBcc: eve@example.com", "shop@example.com", "=?utf-8?q?a?=", "a\rb", "")
	f.Add("用户@例子.广告", `"a, b" <shop@example.com>`, " a ", "--\n=\n \n", "\n")
	f.Fuzz(func(t *testing.T, to, from, subject, text, html string) {
		m := mail.Message{To: to, From: from, Subject: subject, Text: text, HTML: html}
		raw, err := m.Encode()
		if err != nil {
			return
		}
		got, err := mailtest.Parse(raw)
		if err != nil {
			t.Fatalf("%v in\n%q", err, raw)
		}
		if diff := cmp.Diff([]string{subject, lines(text), lines(html)}, []string{got.Subject, got.Text, got.HTML}); diff != "" {
			t.Error(diff)
		}
		checkHeader(t, m, got)
	})
}

func checkHeader(t *testing.T, m mail.Message, got mailtest.Received) {
	t.Helper()
	if list, err := got.Header.AddressList("To"); err != nil || len(list) != 1 || list[0].Address != m.To {
		t.Errorf("To %q became %v, %v", m.To, list, err)
	}
	want, err := netmail.ParseAddress(m.From)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := got.Header.AddressList("From"); err != nil || len(list) != 1 || *list[0] != *want {
		t.Errorf("From %q became %v, %v", m.From, list, err)
	}
	known := map[string]bool{
		"From": true, "To": true, "Subject": true, "Date": true, "Message-Id": true, "Auto-Submitted": true,
		"Mime-Version": true, "Content-Type": true, "Content-Transfer-Encoding": true,
	}
	for name, values := range got.Header {
		if !known[name] || len(values) != 1 {
			t.Errorf("the header %s: %q", name, values)
		}
	}
	for line := range bytes.Lines(got.Raw) {
		if len(line) > 1000 || !bytes.HasSuffix(line, []byte("\r\n")) || bytes.Count(line, []byte("\r")) != 1 {
			t.Errorf("the line %q", line)
		}
	}
}

// lines is what becomes of the ends of lines.
func lines(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	if text != "" && text[len(text)-1] != '\n' {
		text += "\n"
	}
	return text
}

// senderNames are names of sites as they are: with signs of a header, in other scripts, long, and
// one that looks like an address.
var senderNames = []string{
	"", "Shop", `Ada, Bob & "Co." <x@evil.example>`, "Café Löwe (Köln)", "お店", "The 🧥 Shop", "=?utf-8?q?a?=",
	strings.Repeat("Very Long ", 25) + "Name", strings.Repeat("長", 80), "shop@example.com",
}

// readFrom prints the From of each file as Python's reader of emails has it: its name and address.
const readFrom = `
import email, sys
from email.header import decode_header, make_header
from email.utils import parseaddr
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        name, address = parseaddr(email.message_from_binary_file(file)["From"])
    print(make_header(decode_header(name)), address, sep="|")
`

// TestFrom: the name of a sender comes through to another program, in lines that are short enough,
// beside the bare address.
func TestFrom(t *testing.T) {
	python := testenv.Django(t, "6.1")
	args := []string{"-c", readFrom}
	var want strings.Builder
	for i, name := range senderNames {
		m := message()
		m.From = (&netmail.Address{Name: name, Address: "shop@example.com"}).String()
		got := encode(t, m)
		checkLines(t, got.Raw)
		file := filepath.Join(t.TempDir(), fmt.Sprintf("%d.eml", i))
		if err := os.WriteFile(file, got.Raw, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
		want.WriteString(name + "|shop@example.com\n")
	}
	got, err := exec.CommandContext(t.Context(), python, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, got)
	}
	if diff := cmp.Diff(want.String(), string(got)); diff != "" {
		t.Error(diff)
	}
}
