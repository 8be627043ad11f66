package sessionlist

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/pages"
)

// maxActivity is how many lines are shown, and maxVisitors how many events of visitors are read
// for them.
const (
	maxActivity = 20
	maxVisitors = 500
)

// Event is something that happened to the account.
type Event struct {
	Sentence string // what happened, and by whom where it was not the user
	From     string // device and address; may be empty
	Refused  bool
	At       pages.Moment
}

// activity returns the last events of a user that are for the user to see, equal neighbours as
// one. Those that anybody can cause are looked up apart, so that they displace no others.
func (f *Feature) activity(r *http.Request, user *auth.User) ([]Group, error) {
	if !f.accounts.Audits() {
		return nil, nil
	}
	own := audit.Filter{UserID: user.ID, Limit: maxActivity}
	visitors := audit.Filter{UserID: user.ID, Limit: maxVisitors}
	for _, m := range audit.Codes() {
		switch {
		case m.Sentence == "":
		case m.Visitor:
			visitors.Events = append(visitors.Events, string(m.Code))
		default:
			own.Events = append(own.Events, string(m.Code))
		}
	}
	all, err := f.accounts.Audit(r.Context(), own)
	if err != nil {
		return nil, err
	}
	more, err := f.accounts.Audit(r.Context(), visitors)
	if err != nil {
		return nil, err
	}
	all = append(all, more...)
	slices.SortFunc(all, func(a, b audit.Entry) int { return cmp.Compare(b.ID, a.ID) })
	groups := grouped(all)
	return groups[:min(len(groups), maxActivity)], nil
}

// event returns an event as the page shows it.
func event(t *i18n.Translator, e Group, now time.Time) Event {
	meaning, _ := audit.Code(e.Event).Meaning()
	shown := Event{Sentence: t.T(meaning.Sentence), Refused: e.Reason != "", At: moment(t, e.Time, now)}
	switch e.Actor {
	case audit.ActorCommand, audit.ActorProgram:
		shown.Sentence = t.T("%(event)s, by this site", "event", shown.Sentence)
	case audit.ActorOtherUser:
		shown.Sentence = t.T("%(event)s, by somebody who acts as you", "event", shown.Sentence)
	}
	if e.Times > 1 {
		shown.Sentence = t.N("%(event)s (%(n)d time)", "%(event)s (%(n)d times)", e.Times,
			"event", shown.Sentence)
	}
	var from []string
	if e.Several {
		from = append(from, t.T("several addresses or devices"))
	}
	if e.Browser != "" || e.OS != "" {
		from = append(from, deviceName(t, accounts.SessionInfo{Browser: e.Browser, System: e.OS}))
	}
	if e.IP != "" {
		from = append(from, e.IP)
	}
	shown.From = strings.Join(from, ", ")
	return shown
}

// eventJSON is equal events in JSON, with the time of the newest in UTC.
type eventJSON struct {
	Event   string    `json:"event"`
	Outcome string    `json:"outcome"`
	Reason  string    `json:"reason"`
	Actor   string    `json:"actor"`
	Browser string    `json:"browser"`
	System  string    `json:"system"`
	IP      string    `json:"ip"`
	Time    time.Time `json:"time"`
	Times   int       `json:"times"`
}

func activityJSON(all []Group) []eventJSON {
	out := make([]eventJSON, len(all))
	for i, e := range all {
		out[i] = eventJSON{
			e.Event, e.Outcome, e.Reason, e.Actor, e.Browser, e.OS, e.IP,
			e.Time.UTC().Truncate(time.Second), e.Times,
		}
	}
	return out
}
