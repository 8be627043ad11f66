package audit

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/device"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/sessions"
)

// Event is something that happened.
type Event struct {
	// Code is one of the table.
	Code Code
	// Reason is why it was refused, in a word or two of kebab-case; empty for what was done.
	Reason string
	// User is whom it is about; nil, or without an ID, where no such user exists. A username that
	// was only typed is not recorded: people type passwords there.
	User *database.User
	// Request is the request that caused it; nil means the one of hooks.WithRequest, if any.
	Request *http.Request
	// Session is the key of the session that it is about, if that is not the one of the request,
	// or not any more.
	Session sessions.Key
	// From replaces what the request tells, for work that a queue does later.
	From *Origin
}

// Origin is where an event came from, as a row has it.
type Origin struct{ IP, Browser, OS string }

// The kinds of actors.
const (
	ActorUser      = "user"       // the user, by a request
	ActorVisitor   = "visitor"    // anybody: the client did not show that it is the user
	ActorOtherUser = "other-user" // a user who acts as another one, by django-hijack for instance
	ActorCommand   = "command"    // a command of Coatcheck; the name is the user of the system
	ActorProgram   = "program"    // the program itself, without a request
	ActorDjango    = "django"     // another application, as far as it is seen here
	ActorUnknown   = "unknown"
)

// Actor is who did something.
type Actor struct {
	Kind string // one of the constants
	Name string // of a command's user of the system; may be empty
}

type (
	actorKey struct{}
	codeKey  struct{}
)

// WithActor returns a context whose events have that actor, whatever they are.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// WithCode returns a context in which a change of a password is recorded under that code, for a
// caller that knows more than auth.
func WithCode(ctx context.Context, code Code) context.Context {
	return context.WithValue(ctx, codeKey{}, code)
}

// CodeOf returns the code of [WithCode], or the other one.
func CodeOf(ctx context.Context, other Code) Code {
	if code, ok := ctx.Value(codeKey{}).(Code); ok {
		return code
	}
	return other
}

// OriginOf returns where a request came from.
func OriginOf(r *http.Request) (o Origin) {
	if client := requestinfo.Client(r); client.IsValid() {
		o.IP = client.String()
	}
	o.Browser, o.OS = device.Describe(r.UserAgent())
	return o
}

// entry is an event as a row, but for its session.
func (l *Log) entry(ctx context.Context, e Event, r *http.Request) own.AuditRow {
	now := l.now()
	row := own.AuditRow{
		ID: own.NewAuditID(now), Time: now, Event: string(e.Code), Outcome: "ok", Reason: clip(e.Reason, 40),
	}
	if e.Reason != "" {
		row.Outcome = "refused"
	}
	if e.User != nil && e.User.ID != "" {
		row.UserID, row.Username = clip(e.User.ID, 64), clip(e.User.Username, 255)
	}
	from := e.From
	if from == nil && r != nil {
		origin := OriginOf(r)
		from = &origin
	}
	if from != nil {
		row.IP, row.Browser, row.OS = clip(from.IP, 45), clip(from.Browser, 40), clip(from.OS, 40)
	} else if client := requestinfo.LogClient(ctx); client.Key != "" {
		row.IP = client.Value.String()
	}
	actor := actorOf(ctx, e, row.IP != "" || r != nil)
	row.Actor, row.ActorName = actor.Kind, ascii(clip(actor.Name, 64))
	return row
}

// actorOf returns who did it.
func actorOf(ctx context.Context, e Event, requested bool) Actor {
	if a, ok := ctx.Value(actorKey{}).(Actor); ok {
		return a
	}
	session, err := sessions.FromContext(ctx)
	switch meaning := meanings[e.Code]; {
	case meaning.Visitor:
		return Actor{Kind: ActorVisitor}
	case err == nil && sessionkeys.Acting(sessionkeys.Loaded(session)):
		return Actor{Kind: ActorOtherUser}
	case requested:
		return Actor{Kind: ActorUser}
	}
	return Actor{Kind: ActorProgram}
}

// requestOf returns the request of an event, or nil.
func requestOf(ctx context.Context, e Event) *http.Request {
	if e.Request != nil {
		return e.Request
	}
	return hooks.RequestFromContext(ctx)
}

// sessionOf returns the session of an event, or nil.
func sessionOf(ctx context.Context, r *http.Request) *sessions.Session {
	if r != nil {
		ctx = r.Context()
	}
	session, err := sessions.FromContext(ctx)
	if err != nil {
		return nil
	}
	return session
}

// clip returns a text that a column of so many characters can hold: without control characters,
// NUL and bytes that are no UTF-8, and cut at its end.
func clip(text string, most int) string {
	if len(text) > 4*most {
		text = text[:4*most]
	}
	text = strings.Map(func(c rune) rune {
		if c < ' ' || c >= 0x7f && c < 0xa0 || c == '\u2028' || c == '\u2029' {
			return utf8.RuneError
		}
		return c
	}, strings.ToValidUTF8(text, "\ufffd"))
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most])
}

// ascii replaces what not every database can hold.
func ascii(text string) string {
	return strings.Map(func(c rune) rune {
		if c > 0x7e {
			return '?'
		}
		return c
	}, text)
}
