package database

import (
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Session is a row of django_session. It never prints its key or its data.
type Session struct {
	// Key is the primary key, at most 40 characters: who holds it is logged in.
	Key string `json:"-"`
	// Data is the signed text that the session engine wrote.
	Data string `json:"-"`
	// Expires is when the session ends.
	Expires time.Time
}

// String reports when the session ends, and nothing else.
func (s Session) String() string {
	return "session until " + s.Expires.UTC().Format(time.RFC3339)
}

// GoString is String, for %#v.
func (s Session) GoString() string { return s.String() }

// Format is String, for every verb.
func (s Session) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue is String, for log/slog.
func (s Session) LogValue() slog.Value { return slog.StringValue(s.String()) }
