package conformance_test

import (
	"context"
	"regexp"
	"strings"
	"sync"

	"github.com/coatcheck/coatcheck/mail"
)

// A flowMail is an email that a recorded Django sent in a step.
type flowMail struct {
	To   []string
	Body string
}

// flowOutbox is a sender that keeps what it gets.
type flowOutbox struct {
	mu    sync.Mutex // guards emails
	mails []mail.Message
}

func (o *flowOutbox) Send(_ context.Context, m mail.Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mails = append(o.mails, m)
	return m.Check()
}

// take returns the emails so far, and forgets them.
func (o *flowOutbox) take() []mail.Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	mails := o.mails
	o.mails = nil
	return mails
}

// flowLink is the path of a link that resets a password: before the token, and the
// token.
var flowLink = regexp.MustCompile(`(/accounts/reset/\w+/)(\w+-\w+)/`)

// mails sends what waits and compares it with the emails that are recorded of the
// step: to whom, and where the link leads. The tokens are paired.
func (w *flowWorld) mails(s *flowStep) (wrong []string) {
	w.t.Helper()
	for {
		sent, err := w.accounts.SendNext(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if !sent {
			break
		}
	}
	got := w.outbox.take()
	if len(got) != len(s.Mails) {
		return []string{"there are other mails than those recorded"}
	}
	for i, want := range s.Mails {
		ours, theirs := flowLink.FindStringSubmatch(got[i].Text), flowLink.FindStringSubmatch(want.Body)
		switch {
		case got[i].To != strings.Join(want.To, ","):
			wrong = append(wrong, "a mail to "+got[i].To+", want "+strings.Join(want.To, ","))
		case ours == nil || ours[1] != theirs[1]:
			wrong = append(wrong, "the link leads to "+strings.Join(ours, " ")+", want "+theirs[1])
		case !w.pair(theirs[2], ours[2]):
			wrong = append(wrong, "a token is used again")
		}
	}
	return wrong
}

// path is the URL of a request with our token in the place of the recorded one. One
// that no email had stays.
func (w *flowWorld) path(theirs string) string {
	link := flowLink.FindStringSubmatch(theirs)
	if link == nil || w.ours[link[2]] == "" {
		return theirs
	}
	return strings.Replace(theirs, link[2], w.ours[link[2]], 1)
}
