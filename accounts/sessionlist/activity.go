package sessionlist

import (
	"net/http"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/audit"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/pages"
)

// maxActivity is how many events are shown.
const maxActivity = 20

// Event is something that happened to the account.
type Event struct {
	Sentence string // what happened, and by whom where it was not the user
	From     string // device and address; may be empty
	Refused  bool
	At       pages.Moment
}

// activity returns the last events of a user that are for the user to see.
func (f *Feature) activity(r *http.Request, user *auth.User) ([]audit.Entry, error) {
	if !f.accounts.Audits() {
		return nil, nil
	}
	filter := audit.Filter{UserID: user.ID, Limit: maxActivity}
	for _, m := range audit.Codes() {
		if m.Sentence != "" {
			filter.Events = append(filter.Events, string(m.Code))
		}
	}
	return f.accounts.Audit(r.Context(), filter)
}

// event returns an event as the page shows it.
func event(t *i18n.Translator, e audit.Entry, now time.Time) Event {
	meaning, _ := audit.Code(e.Event).Meaning()
	shown := Event{Sentence: t.T(meaning.Sentence), Refused: e.Reason != "", At: moment(t, e.Time, now)}
	switch e.Actor {
	case audit.ActorCommand, audit.ActorProgram:
		shown.Sentence = t.T("%(event)s, by this site", "event", shown.Sentence)
	case audit.ActorOtherUser:
		shown.Sentence = t.T("%(event)s, by somebody who acts as you", "event", shown.Sentence)
	}
	var from []string
	if e.Browser != "" || e.OS != "" {
		from = append(from, deviceName(t, accounts.SessionInfo{Browser: e.Browser, System: e.OS}))
	}
	if e.IP != "" {
		from = append(from, e.IP)
	}
	shown.From = strings.Join(from, ", ")
	return shown
}

// eventJSON is an event in JSON, its time in UTC.
type eventJSON struct {
	Event   string    `json:"event"`
	Outcome string    `json:"outcome"`
	Reason  string    `json:"reason"`
	Actor   string    `json:"actor"`
	Browser string    `json:"browser"`
	System  string    `json:"system"`
	IP      string    `json:"ip"`
	Time    time.Time `json:"time"`
}

func activityJSON(all []audit.Entry) []eventJSON {
	out := make([]eventJSON, len(all))
	for i, e := range all {
		out[i] = eventJSON{
			e.Event, e.Outcome, e.Reason, e.Actor, e.Browser, e.OS, e.IP,
			e.Time.UTC().Truncate(time.Second),
		}
	}
	return out
}
