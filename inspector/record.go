package inspector

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/internal/watch"
)

// record is a request as the page shows it and as JSON has it.
type record struct {
	ID       uint64       `json:"id"`
	Time     time.Time    `json:"time"`
	Method   string       `json:"method"`
	Path     string       `json:"path"`
	Status   int          `json:"status"`
	Ms       float64      `json:"ms"`
	Queries  int          `json:"queries"`
	User     string       `json:"user,omitempty"` // the ID
	Browser  string       `json:"browser"`        // a name that this process chose
	Verdict  flow.Verdict `json:"verdict"`
	Reason   flow.Code    `json:"reason,omitempty"`
	Refusal  string       `json:"refusal,omitempty"`  // its reason code, where it was refused or failed
	Sentence string       `json:"sentence,omitempty"` // of the reason
	Tour     bool         `json:"tour,omitempty"`     // a stop of the tour was seen by it
	Dropped  int          `json:"dropped,omitempty"`  // steps that were not kept

	steps  []step
	cookie string // the name of the session's cookie
}

// step is a step of a request.
type step struct {
	Code     flow.Code `json:"code"`
	Layer    string    `json:"layer"`
	Station  station   `json:"station"`
	Sentence string    `json:"sentence"`
	About    string    `json:"about,omitempty"` // what the table of codes explains
	Docs     string    `json:"docs"`            // the page about it; for clients, its address
	Facts    []fact    `json:"facts,omitempty"`
	Rows     []rowRead `json:"rows,omitempty"`
	AfterMs  float64   `json:"after_ms"`
	Ms       float64   `json:"ms"`
	Parts    []step    `json:"parts,omitempty"`
}

// fact is an attribute of a step.
type fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// rowRead is a row that a statement read, without its secrets.
type rowRead struct {
	Table   string `json:"table"`
	Columns []fact `json:"columns"`
}

// maxText bounds each text of a record, in bytes.
const maxText = 300

// brief returns a text as a record may have it: with tokens and keys shortened, which those
// who emit it should have done already, and not too long.
func brief(text string) string {
	text = requestinfo.LogText(text)
	if len(text) <= maxText {
		return text
	}
	return strings.ToValidUTF8(text[:maxText], "") + "…"
}

// newRecord reads what was collected of a request. It knows neither its number nor its browser.
func newRecord(of *watch.Request) *record {
	rec := &record{
		Time: of.Begun, Method: brief(of.Came.Method), Path: brief(requestinfo.LogPath(of.Came)),
		Status: of.Status, Ms: ms(of.Took), Dropped: of.Flow.Dropped(),
	}
	events := of.Flow.Events()
	for _, e := range events {
		rec.look(e)
	}
	for _, s := range of.Flow.Steps() {
		rec.steps = append(rec.steps, newStep(s))
	}
	rec.judge(events)
	return rec
}

// look finds in an event what is told of the request as a whole.
func (rec *record) look(e flow.Event) {
	if e.Code.Layer() == flow.Database {
		rec.Queries++
	}
	for _, a := range e.Attrs {
		switch {
		case a.Key == "user", a.Key == "_auth_user_id":
			rec.User = brief(flow.Text(a))
		case a.Key == "name" && e.Code == "cookie.read":
			rec.cookie = flow.Text(a)
		}
	}
}

func newStep(s flow.Step) step {
	shown := step{
		Code: s.Code, Layer: s.Code.Layer().String(), Station: stationOf(s.Event),
		Sentence: sentenceOf(&s.Event), About: s.Code.Doc(), Docs: docsOf(s.Code),
		AfterMs: ms(s.After), Ms: ms(s.Took),
	}
	shown.Facts = facts(s.Facts())
	for _, row := range s.Rows {
		shown.Rows = append(shown.Rows, rowRead{brief(row.Table), facts(row.Columns)})
	}
	for _, part := range s.Parts {
		shown.Parts = append(shown.Parts, newStep(part))
	}
	return shown
}

// facts are attributes as a step has them.
func facts(attrs []slog.Attr) (all []fact) {
	for _, a := range attrs {
		all = append(all, fact{brief(a.Key), brief(flow.Text(a))})
	}
	return all
}

// sentenceOf is the sentence of an event. What is not of the table alone is shortened.
func sentenceOf(e *flow.Event) string {
	sentence := e.Sentence(nil)
	if sentence != e.Code.Sentence() || e.Code.Doc() == "" {
		return brief(sentence)
	}
	return sentence
}

// fact returns the value of an attribute, or nothing.
func (s *step) fact(name string) string {
	for _, f := range s.Facts {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// has reports whether one of the steps has the code.
func (rec *record) has(codes ...flow.Code) bool {
	return slices.ContainsFunc(rec.steps, func(s step) bool { return slices.Contains(codes, s.Code) })
}

// ms is a duration in milliseconds, to the microsecond.
func ms(d time.Duration) float64 { return float64(d.Round(time.Microsecond).Microseconds()) / 1000 }
