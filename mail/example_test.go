package mail_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/coatcheck/coatcheck/mail"
)

// A line break in what a user typed adds no header.
func ExampleMessage_Check() {
	m := mail.Message{
		To:      "alice@example.com",
		Subject: "Hello\nBcc: everybody@example.com",
		Text:    "…",
	}
	err := m.Check()
	fmt.Println(err)
	fmt.Println(errors.Is(err, mail.ErrPermanent))
	// Output:
	// mail: subject: it holds a line break or another control character (permanent failure)
	// true
}

// A message does not show its links in logs.
func ExampleMessage_String() {
	m := mail.Message{To: "alice@example.com", Subject: "Password reset", Text: "https://shop.example/reset/…"}
	fmt.Printf("%v %+v\n", m, m)
	// Output: mail.Message{…} mail.Message{…}
}

func ExampleMessage_Encode() {
	m := mail.Message{To: "alice@example.com", From: "shop@example.com", Subject: "Grüße", Text: "Grüße"}
	raw, err := m.Encode()
	if err != nil {
		log.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if !strings.HasPrefix(line, "Date") && !strings.HasPrefix(line, "Message-ID") { // they are new each time
			fmt.Println(strings.TrimSpace(line))
		}
	}
	// Output:
	// From: shop@example.com
	// To: alice@example.com
	// Subject: =?utf-8?b?R3LDvMOfZQ==?=
	// Auto-Submitted: auto-generated
	// MIME-Version: 1.0
	// Content-Type: text/plain; charset=utf-8
	// Content-Transfer-Encoding: quoted-printable
	//
	// Gr=C3=BC=C3=9Fe
}

func ExampleDir() {
	path, err := os.MkdirTemp("", "mail-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(path)
	dir, err := mail.NewDir(mail.DirConfig{Path: path})
	if err != nil {
		log.Fatal(err)
	}
	if err := dir.Send(context.Background(), mail.Message{To: "alice@example.com", Subject: "Hello", Text: "…"}); err != nil {
		log.Fatal(err)
	}
	files, err := os.ReadDir(path)
	fmt.Println(len(files), err)
	// Output: 1 <nil>
}
