package inspector

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/coatcheck/coatcheck/flow"

	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// view is what the page shows.
type view struct {
	SiteName, Home, Path, Docs string
	Run                        string
	Last                       uint64 // the number of the latest request
	Query                      query
	Stops                      []stopView
	Rows                       []rowView
	Open, With                 *requestView
	Latest                     bool // Open is the latest request, since none was asked for
	Gone                       bool // what was asked for is not kept any more
	Same                       int  // steps that Open and With have in common

	records []*record
	partAt  [2]int
	differ  bool
	docs    func(page string) string // the address of a page of the documentation
}

// stopView is a stop of the tour.
type stopView struct {
	Number          int
	Title, Text, Do string
	URL             string // empty where the site has no such page
	Own             bool   // the inspector does it
	Seen            uint64 // in which request, or 0
	SeenURL         string
	Next            bool // it is the first that was not seen
}

// rowView is a request in the list.
type rowView struct {
	*record
	URL, Beside, BrowserURL string // Beside is empty where none is open
	Open                    bool
}

// requestView is a request that is open.
type requestView struct {
	*record
	BrowserURL, UserURL string
	Steps               []stepView
	Diagram             diagram
	Others              []*record // to put beside it
}

// stepView is a step of it.
type stepView struct {
	step
	Apart bool // it is where the two requests part
	Back  bool // it is the first on the way up
}

// maxOthers bounds the list of requests to put beside.
const maxOthers = 40

func (i *Inspector) view(r *http.Request, q query) *view {
	all, _ := i.recorded.after(0)
	v := &view{
		SiteName: i.config.Kit.SiteName(),
		Home:     requestinfo.Below(r, "/"), Path: requestinfo.Below(r, i.config.Path),
		Docs: i.config.Kit.Docs(r, "inspector"), Run: i.run, Query: q, records: q.choose(all),
		docs: func(page string) string { return i.config.Kit.Docs(r, page) },
	}
	if len(all) > 0 {
		v.Last = all[len(all)-1].ID
	}
	v.Stops = i.stops(r, v)
	for _, rec := range v.records {
		v.Rows = append(v.Rows, v.row(rec))
	}
	open, with := i.recorded.get(q.open), i.recorded.get(q.with)
	v.Gone = q.open != 0 && open == nil || q.with != 0 && with == nil
	if q.open == 0 && len(v.records) > 0 {
		open, v.Latest = v.records[0], true
	}
	if open == nil {
		return v
	}
	v.Open = v.request(open)
	for _, rec := range slices.Backward(all) {
		if rec != open && len(v.Open.Others) < maxOthers {
			v.Open.Others = append(v.Open.Others, rec)
		}
	}
	if with != nil && with != open {
		v.With = v.request(with)
		v.part()
	}
	return v
}

// part finds where the two requests that are open part.
func (v *view) part() {
	v.partAt, v.differ = part(v.Open.record, v.With.record)
	for _, s := range v.Open.steps[:v.partAt[0]] {
		if !isStatement(&s) {
			v.Same++
		}
	}
	for n, of := range []*requestView{v.Open, v.With} {
		if at := v.partAt[n]; v.differ && at < len(of.Steps) {
			of.Steps[at].Apart = true
		}
	}
}

// Alone is the address of the page with the first of the two requests alone.
func (v *view) Alone() string {
	q := v.Query
	q.with = 0
	return v.Path + q.String() + "#detail"
}

// Blank is the picture of a way that nobody went.
func (v *view) Blank() diagram {
	all := &record{Verdict: flow.Done}
	for _, s := range stations {
		all.steps = append(all.steps, step{Station: s.at})
	}
	for n := range slices.Backward(stations) {
		all.steps = append(all.steps, step{Station: stations[n].at})
	}
	return draw(all, len(stations)+1)
}

// Differ reports whether the two requests that are open part.
func (v *view) Differ() bool { return v.differ }

// Parting is the step of a request at which the two part, or nil where it has none more.
func (v *view) Parting(n int) *step {
	of := []*requestView{v.Open, v.With}[n]
	if at := v.partAt[n]; at < len(of.Steps) {
		return &of.Steps[at].step
	}
	return nil
}

// Events is the address of the stream.
func (v *view) Events() string {
	q := v.Query
	q.open, q.with = 0, 0
	address := v.Path + "events" + q.String()
	if q.Filters() {
		return address + fmt.Sprintf("&after=%d", v.Last)
	}
	return address + fmt.Sprintf("?after=%d", v.Last)
}

// Seen is how many stops of the tour were seen.
func (v *view) Seen() (n int) {
	for _, s := range v.Stops {
		if s.Seen != 0 {
			n++
		}
	}
	return n
}

// stops are the stops of the tour, with links that work on this site.
func (i *Inspector) stops(r *http.Request, v *view) (all []stopView) {
	marks, next := i.tour.marks(), true
	for n, s := range stops {
		shown := stopView{Number: n + 1, Title: s.title, Text: s.text, Do: s.do, Seen: marks[n]}
		switch {
		case s.own != "":
			shown.URL, shown.Own = v.Path+s.own, true
			if s.after != 0 && marks[s.after-1] == 0 {
				shown.URL = "" // there is nothing to send yet
			}
		case s.page == "login":
			shown.URL = i.config.Kit.LoginURL(r)
		case s.page != "":
			shown.URL = i.config.Kit.URL(r, s.page)
		default:
			shown.URL = v.Home
		}
		if shown.Seen != 0 {
			shown.SeenURL = v.Path + query{open: shown.Seen}.String() + "#detail"
		} else {
			shown.Next, next = next, false
		}
		all = append(all, shown)
	}
	return all
}

// row is a request for the list.
func (v *view) row(rec *record) rowView {
	q := v.Query
	q.open, q.with = rec.ID, 0
	row := rowView{record: rec, URL: v.Path + q.String() + "#detail", Open: v.Query.open == rec.ID}
	row.BrowserURL = v.Path + query{Browser: rec.Browser}.String()
	if v.Query.open != 0 && !row.Open {
		q.open, q.with = v.Query.open, rec.ID
		row.Beside = v.Path + q.String() + "#detail"
	}
	return row
}

// request is a request that is open.
func (v *view) request(rec *record) *requestView {
	of := &requestView{record: rec, BrowserURL: v.Path + query{Browser: rec.Browser}.String()}
	if rec.User != "" {
		of.UserURL = v.Path + query{User: rec.User}.String()
	}
	back := turn(rec.steps)
	for n, s := range rec.steps {
		of.Steps = append(of.Steps, stepView{step: v.explained(s), Back: n == back && n > 0})
	}
	of.Diagram = draw(rec, back)
	return of
}

// explained returns a step with the address of the page that explains it, for its name.
func (v *view) explained(s step) step {
	s.Docs = v.docs(s.Docs)
	s.Parts = slices.Clone(s.Parts)
	for n, part := range s.Parts {
		s.Parts[n] = v.explained(part)
	}
	return s
}

// plain returns the steps as programs get them.
func (of *requestView) plain() (all []step) {
	for _, s := range of.Steps {
		all = append(all, s.step)
	}
	return all
}

// Machine is the time for machines.
func (rec *record) Machine() string { return rec.Time.UTC().Format(time.RFC3339) }

// Class is the verdict as a class of the stylesheet.
func (rec *record) Class() string {
	switch rec.Verdict {
	case flow.Failed, flow.Refused:
		return "bad"
	case flow.LetIn:
		return "good"
	}
	return "plain"
}
