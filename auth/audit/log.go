package audit

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/internal/lru"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/signing"
)

// DefaultAge is how long events stay unless Config.Age says otherwise.
const DefaultAge = 180 * 24 * time.Hour

// Config specifies where events are recorded. Database and Keys are required.
type Config struct {
	// Database has the table; New returns an [own.MissingError] if it is not there.
	Database *database.DB
	// Keys name sessions: a row has a keyed hash of the session's key.
	Keys signing.Keys
	// Age is how long events stay; DefaultAge when zero.
	Age time.Duration
	// Logger is slog.Default() when nil. It learns of events that were lost.
	Logger *slog.Logger
}

// String hides the keys.
func (c Config) String() string { return "audit.Config{…}" }

// GoString hides the keys.
func (c Config) GoString() string { return c.String() }

// LogValue hides the keys.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Entry is an event as it was recorded.
type Entry = own.AuditRow

// Filter selects events. Zero fields select all, at most 1,000.
type Filter = own.AuditFilter

// Log records events. A nil *Log records none. It is safe for concurrent use.
type Log struct {
	db  *database.DB
	own *own.Store
	mac *signing.MAC // of session keys
	age time.Duration
	log *slog.Logger
	now func() time.Time

	waiting   *waiting
	throttled *seldom // for which login-throttled was recorded of late
}

// New checks the configuration and makes a Log. It starts nothing.
func New(c Config) (*Log, error) {
	switch {
	case c.Database == nil:
		return nil, errors.New("audit: no database given; set Config.Database")
	case c.Age < 0:
		return nil, errors.New("audit: Config.Age is negative; leave it zero for the default")
	}
	if err := c.Keys.Check(); err != nil {
		return nil, err
	}
	if err := own.Missing(c.Database, own.AuditTable); err != nil {
		return nil, err
	}
	if c.Age == 0 {
		c.Age = DefaultAge
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	l := &Log{
		db: c.Database, own: own.New(c.Database), age: c.Age, log: c.Logger, now: time.Now,
		mac:     signing.NewMAC(sha256.New, "coatcheck.audit.session", c.Keys.Secret),
		waiting: newWaiting(), throttled: &seldom{marks: lru.New[string, time.Time](maxSeldom)},
	}
	l.db.BeforeClose(l.close)
	return l, nil
}

// Add records an event. In a transaction of the database an event that was not refused is
// part of it, and so it is written or rolled back with the change; the error then must end the
// transaction. An event of a command is written at once, and the error is a failure of the
// database. Any other event waits to be written, and the error is nil.
func (l *Log) Add(ctx context.Context, e Event) error {
	if l == nil {
		return nil
	}
	r := requestOf(ctx, e)
	row := l.entry(ctx, e, r)
	if e.Code == "login-throttled" && !l.throttled.due(throttleKey(&row), row.Time) {
		return nil
	}
	var session *sessions.Session
	if e.Session != "" { // that of the request may be locked, when its key moves
		row.Session = l.SessionName(e.Session)
	} else {
		session = sessionOf(ctx, r)
		row.Session = l.sessionName(session)
	}
	actor, _ := ctx.Value(actorKey{}).(Actor)
	if e.Reason == "" && l.db.Executor().InTx(ctx) || actor.Kind == ActorCommand {
		return l.own.InsertAudit(ctx, []own.AuditRow{row})
	}
	if row.Session != "" {
		session = nil // its key may change, and the event is about the present one
	}
	l.waiting.add(pending{row, session}, l.flushLater)
	return nil
}

// sessionName names a session without telling its key; a session that was not stored yet has no
// name.
func (l *Log) sessionName(session *sessions.Session) string {
	if session == nil || session.Key() == "" {
		return ""
	}
	return l.SessionName(session.Key())
}

// SessionName returns what names a session in Entry.Session: 64 bits of a keyed hash of its key.
func (l *Log) SessionName(key sessions.Key) string { return l.mac.Hex(string(key))[:16] }

// Find returns the events that a filter selects, the newest first. It first writes what waits on
// this node, if it can.
func (l *Log) Find(ctx context.Context, f Filter) ([]Entry, error) {
	if l == nil {
		return nil, nil
	}
	if !l.db.Executor().InTx(ctx) {
		_ = l.Flush(ctx) // the log tells
	}
	return l.own.FindAudit(ctx, f)
}

// Clean removes the events that are older than Config.Age, and returns how many.
func (l *Log) Clean(ctx context.Context) (int64, error) {
	if l == nil {
		return 0, nil
	}
	return l.own.DeleteAudit(ctx, l.now().Add(-l.age), 0)
}

// String hides the keys.
func (l *Log) String() string { return "audit.Log{…}" }

// GoString hides the keys.
func (l *Log) GoString() string { return l.String() }
