package flow

import "slices"

// Verdict is what became of a request, in a word, or what a code says of it.
type Verdict string

// The verdicts, the worst first: that of a request is the worst of its steps.
const (
	Failed  Verdict = "failed"  // a store or the like
	Refused Verdict = "refused" // or redirected to the login page
	LetIn   Verdict = "let in"  // by a guard, or by a login
	Done    Verdict = "done"    // without any question
)

// letsIn are the codes by which somebody is let in.
var letsIn = []Code{"access.let_in", "access.open", "login.done"}

// Verdict returns what the code says of a request: Done for one that is not in the table.
func (c Code) Verdict() Verdict {
	if m, ok := meanings[c]; ok {
		return m.Verdict
	}
	return Done
}

// Reason returns the reason code of a refusal or a failure, as "session-expired", or of why
// nobody is signed in; it is "" for a code that is none of these.
func (c Code) Reason() string { return meanings[c].Reason }

// Judge returns what became of a request, and the event that decided it: the first failure, or
// else the first refusal, or else the first that let somebody in, or nil. Where a guard found
// nobody signed in, it is the event that says why. A status, 0 if there was no response, can make
// the verdict worse.
func Judge(events []Event, status int) (Verdict, *Event) {
	verdict, deciding := Done, (*Event)(nil)
	for _, worst := range []Verdict{Failed, Refused, LetIn} {
		i := slices.IndexFunc(events, func(e Event) bool { return e.Code.Verdict() == worst })
		if i >= 0 {
			verdict, deciding = worst, because(events, &events[i])
			break
		}
	}
	switch {
	case status >= 500 || status == 0:
		return Failed, deciding
	case status >= 400 && verdict != Failed:
		if deciding == nil {
			deciding = waiting(events)
		}
		return Refused, deciding
	}
	return verdict, deciding
}

// waiting returns the event of a login that waits for a step, or nil. Programs get 403 then, and
// browsers a redirect.
func waiting(events []Event) *Event {
	if i := slices.IndexFunc(events, func(e Event) bool { return e.Code == "login.waits" }); i >= 0 {
		return &events[i]
	}
	return nil
}

// ReasonOf returns the reason code of a request that was refused or failed, by what Judge
// returned: "not-said" where no step has a reason, and "" for a request that was not refused.
func ReasonOf(v Verdict, deciding *Event) string {
	switch {
	case v != Failed && v != Refused:
		return ""
	case deciding == nil || deciding.Code.Reason() == "":
		return NotSaid
	}
	return deciding.Code.Reason()
}

// NotSaid is the reason of a refusal or a failure of which no step said why, such as a page that
// is not there, or a handler of the program.
const NotSaid = "not-said"

// because returns the event that says why nobody is signed in, where that is why a guard refused;
// otherwise the refusal itself.
func because(events []Event, refusal *Event) *Event {
	if r := refusal.Code.Reason(); r != "login-required" && r != "proof-wanted" {
		return refusal
	}
	i := slices.IndexFunc(events, func(e Event) bool { return e.Code == "user.anonymous" })
	if i < 0 {
		return refusal
	}
	cause := ""
	for _, a := range events[i].Attrs {
		if a.Key == "because" {
			cause = Text(a)
		}
	}
	for k := range events {
		if cause != "" && events[k].Code == Code(cause) {
			return &events[k]
		}
	}
	return refusal
}
