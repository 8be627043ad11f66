package inspector

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// The times of a stream of events.
const (
	pulse      = 15 * time.Second // after which a line without meaning finds out who is gone
	slow       = 10 * time.Second // how long a client may take to read what was sent
	streamSpan = 5 * time.Minute  // after which browsers connect again, and are asked again who they are
)

// event is what a stream tells of a request: the record, and its row for the page.
type event struct {
	*record
	Row string `json:"row"`
}

// events streams the requests that the query asks for as they are recorded, as server-sent
// events, from after the last one that the client has.
func (i *Inspector) events(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		return
	}
	wake := i.recorded.subscribe()
	if wake == nil {
		http.Error(w, "Very many inspectors are open. Close one, and reload this page.",
			http.StatusServiceUnavailable)
		return
	}
	defer i.recorded.leave(wake)
	s := &stream{
		inspector: i, w: w, r: r, to: http.NewResponseController(w), query: parseQuery(r.URL.Query()),
	}
	s.last, _ = strconv.ParseUint(r.URL.Query().Get("after"), 10, 64)
	if id, err := strconv.ParseUint(r.Header.Get("Last-Event-ID"), 10, 64); err == nil {
		s.last = id
	}
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("X-Accel-Buffering", "no")
	// The times of a server are for requests that end: some servers cannot change them, and then
	// browsers connect again.
	_ = s.to.SetReadDeadline(time.Time{})
	if !s.send("retry: 1000\nevent: hello\ndata: {\"run\":%q}\n\n", i.run) || !s.more() {
		return
	}
	s.follow(wake)
}

// stream is a client who follows.
type stream struct {
	inspector *Inspector
	w         http.ResponseWriter
	r         *http.Request
	to        *http.ResponseController
	query     query
	last      uint64
}

// follow sends what is recorded until the client is gone, the server stops or the time is over.
func (s *stream) follow(wake chan struct{}) {
	beat, end := time.NewTicker(pulse), time.NewTimer(streamSpan)
	defer beat.Stop()
	defer end.Stop()
	for going := true; going; {
		select {
		case <-wake:
			going = s.more()
		case <-beat.C:
			going = s.send(":\n\n")
		case <-end.C:
			return
		case <-s.inspector.done:
			return
		case <-s.r.Context().Done():
			return
		}
	}
}

// more sends what was recorded since the last time. It reports whether the client still reads.
func (s *stream) more() bool {
	records, missed := s.inspector.recorded.after(s.last)
	if missed > 0 && s.last > 0 && !s.send("event: missed\ndata: %d\n\n", missed) {
		return false
	}
	for _, rec := range records {
		s.last = rec.ID
		if !s.query.matches(rec) && !rec.Tour {
			continue
		}
		row := ""
		if s.query.matches(rec) {
			row = s.inspector.row(s.r, s.query, rec)
		}
		text, err := json.Marshal(event{rec, row})
		if err != nil {
			panic(err) // texts and numbers
		}
		if !s.send("id: %d\nevent: request\ndata: %s\n\n", rec.ID, text) {
			return false
		}
	}
	return true
}

// send writes to the client, and reports whether that went well.
func (s *stream) send(format string, args ...any) bool {
	_ = s.to.SetWriteDeadline(time.Now().Add(slow))
	_, err := fmt.Fprintf(s.w, format, args...)
	return err == nil && s.to.Flush() == nil
}
