package measure

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/watch"
)

// Recorder keeps what is counted and measured, by the names of the table. It is safe for concurrent use.
type Recorder interface {
	// Add adds n, a whole number, to a counter. The labels are in the order of the table.
	Add(ctx context.Context, metric string, n float64, labels ...string)
	// Observe adds a duration to a histogram.
	Observe(ctx context.Context, metric string, seconds float64, labels ...string)
}

// Request counts and measures a request that is done.
func Request(ctx context.Context, to Recorder, w *watch.Request) {
	events := w.Flow.Events()
	verdict, deciding := flow.Judge(events, w.Status)
	reason := flow.ReasonOf(verdict, deciding)
	to.Add(ctx, Requests, 1, string(verdict), reason)
	to.Observe(ctx, requestTime, w.Took.Seconds(), string(verdict))
	if outcome := loginOf(events); outcome != "" {
		switch {
		case outcome != "refused":
			reason = ""
		case verdict == flow.Failed:
			outcome = "failed"
		}
		to.Add(ctx, logins, 1, outcome, reason)
	}
	why := "other"
	for i := range events {
		Event(ctx, to, &events[i])
		if events[i].Code == "logout.done" {
			why = "logout"
		}
	}
	for i := range events {
		if events[i].Code == "session.deleted" {
			to.Add(ctx, ended, 1, why)
		}
	}
}

// loginOf returns the outcome of the login that a request was, or "" for one that was none.
func loginOf(events []flow.Event) (outcome string) {
	for i := range events {
		switch events[i].Code {
		case "login.done":
			return "done"
		case "login.waits":
			outcome = "waits"
		case "authenticate.failed", "authenticate.broken", "authenticate.skipped", "login.refused",
			"login.incomplete", "code.refused", "code.failed", "passkey.wrong":
			outcome = "refused"
		case "password_change.refused", "email_change.refused", "close.refused", "passkey.refused":
			return "" // which asked for the password, or a passkey, of who is signed in
		}
	}
	return outcome
}

// Event counts an event by itself: one of a request, or one that belongs to none.
func Event(ctx context.Context, to Recorder, e *flow.Event) {
	if e.Code.Verdict() == flow.Failed {
		to.Add(ctx, failures, 1, e.Code.Reason())
	}
	group, word, _ := strings.Cut(string(e.Code), ".")
	switch e.Code {
	case "database.row", "database.rows", "database.changed":
		if !e.Start.IsZero() {
			to.Observe(ctx, statementTime, e.Time.Sub(e.Start).Seconds(), word)
		}
	case "session.created":
		to.Add(ctx, created, 1)
	case "session.moved":
		to.Add(ctx, ended, 1, "moved")
	case "session_list.ended":
		to.Add(ctx, ended, count(e, "count"), "list")
	case "rescue.done":
		to.Add(ctx, ended, count(e, "sessions"), "rescue")
	case "throttle.refused_account", "throttle.refused_address", "throttle.refused_device":
		to.Add(ctx, throttled, 1, strings.TrimPrefix(word, "refused_"))
	case "email.queued", "email.dropped", "email.sent", "email.failed":
		to.Add(ctx, emailed, 1, word)
	case "binding.offered", "binding.made", "binding.challenged", "binding.refreshed", "binding.ended",
		"binding.refused", "binding.failed":
		to.Add(ctx, bindings, 1, word)
	case "cleaner.removed":
		if what := attribute(e, "what").String(); slices.Contains(cleaned, what) {
			to.Add(ctx, removed, count(e, "count"), what)
		}
	case "session.missing", "session.expired", "session.corrupt", "session.bad_signature":
		to.Add(ctx, refusedHere, 1, e.Code.Reason())
	default:
		if group == "user" && e.Code.Verdict() == flow.Refused {
			to.Add(ctx, refusedHere, 1, e.Code.Reason())
		}
	}
}

// count is the attribute of an event that is a number.
func count(e *flow.Event, name string) float64 {
	if v := attribute(e, name); v.Kind() == slog.KindInt64 {
		return float64(max(0, v.Int64()))
	}
	return 0
}

func attribute(e *flow.Event, name string) slog.Value {
	for _, a := range e.Attrs {
		if a.Key == name {
			return a.Value.Resolve()
		}
	}
	return slog.Value{}
}
