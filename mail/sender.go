package mail

import (
	"context"
	"errors"
)

// Sender sends messages (Django: an EMAIL_BACKEND). It is safe for concurrent
// use.
//
// Send returns nil when somebody else is responsible for the message: it is with
// the mail server, or in its file. It does not promise that the message reaches its
// reader, nor that it never comes twice: where a connection breaks between the
// message and the response, Send returns an error for a message that was taken.
//
// An error for which errors.Is(err, ErrPermanent) holds is about this message,
// and is not to be retried: the message is malformed, or the server refused it
// for good. Every other error passes by itself or when the operator acts: a
// server that is down, slow or busy, a full disk, a context that ended. Send
// obeys the context and does not retry by itself; waiting longer from time to
// time is up to the caller.
//
// No error and no log line of a Sender holds the text of a message, for the
// links in it are secrets.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// ErrPermanent is in the errors of messages that are not to be sent again: the
// result would be the same.
var ErrPermanent = errors.New("permanent failure")

// DefaultFrom is the sender's address of Console and Dir where none is given
// (Django: DEFAULT_FROM_EMAIL).
const DefaultFrom = "webmaster@localhost"
