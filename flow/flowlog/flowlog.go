// Package flowlog writes the flow of requests to a log: one record for each request, with its verdict
// and its reason code, and at the level debug one for each of its steps.
//
// It is on floor 0, the pure tools.
package flowlog

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/internal/watch"
)

// New returns a middleware that logs each request when it is done; nil is slog.Default(). It belongs
// outermost. A failure, such as that of a store, is an error. A refusal is a warning where it tells
// of an attack or of a wrong setting, and else information. Everything else, and each step, is for
// debugging. No record holds a secret.
func New(log *slog.Logger) func(http.Handler) http.Handler {
	if log == nil {
		log = slog.Default()
	}
	return watch.Requests(func(w *watch.Request) { write(log, w) })
}

// write logs a request that is done.
func write(log *slog.Logger, w *watch.Request) {
	ctx := w.Came.Context()
	if log.Enabled(ctx, slog.LevelDebug) {
		for _, s := range w.Flow.Steps() {
			writeStep(ctx, log, &s)
		}
	}
	verdict, deciding := flow.Judge(w.Flow.Events(), w.Status)
	reason := flow.ReasonOf(verdict, deciding)
	level := levelOf(verdict, reason)
	if !log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("verdict", string(verdict)),
		slog.String("method", requestinfo.LogText(w.Came.Method)),
		slog.String("path", requestinfo.LogPath(w.Came)), slog.Int("status", w.Status), ms(w.Took),
	}
	if reason != "" {
		attrs = append(attrs, slog.String("reason", reason))
	}
	if deciding != nil {
		attrs = append(attrs, slog.String("code", string(deciding.Code)))
	}
	log.LogAttrs(ctx, level, "request "+string(verdict), attrs...)
}

// writeStep logs a step of a request.
func writeStep(ctx context.Context, log *slog.Logger, s *flow.Step) {
	attrs := []slog.Attr{
		slog.String("code", string(s.Code)), slog.String("layer", s.Code.Layer().String()), ms(s.Took),
	}
	if facts := s.Facts(); len(facts) > 0 {
		attrs = append(attrs, slog.GroupAttrs("facts", facts...))
	}
	log.LogAttrs(ctx, slog.LevelDebug, s.Sentence(nil), attrs...)
}

func ms(d time.Duration) slog.Attr { return slog.Float64("ms", float64(d.Microseconds())/1000) }

// alarming are the beginnings of reasons that tell of an attack or of a wrong setting.
var alarming = []string{
	"csrf-", "throttled-", "cross-origin", "host-not-allowed", "proxy-", "remote-", "signature-", "backend-",
}

// levelOf is the level of a request.
func levelOf(v flow.Verdict, reason string) slog.Level {
	switch v {
	case flow.Failed:
		return slog.LevelError
	case flow.Refused:
		for _, beginning := range alarming {
			if strings.HasPrefix(reason, beginning) {
				return slog.LevelWarn
			}
		}
		return slog.LevelInfo
	}
	return slog.LevelDebug
}
