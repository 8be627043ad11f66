package explain

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/coatcheck/coatcheck/flow"
)

// Report is what there is to say about a thing.
type Report struct {
	// Kind is what the thing is, and Name the same for people, with a key shortened.
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
	// Valid reports whether the thing does what it is for: a session or its cookie signs somebody
	// in, a link sets a password, a hash can be compared with a password.
	Valid bool `json:"valid"`
	// Code is the reason, one of the table of package flow. What is valid may have none.
	Code flow.Code `json:"code,omitempty"`
	// Refusal is the reason code of what is not valid, as "session-expired".
	Refusal string `json:"refusal,omitempty"`
	// Reason is the sentence that says why it is valid or not.
	Reason string `json:"reason"`
	// Remedy is what helps, if something does.
	Remedy string `json:"remedy,omitempty"`
	// Steps are what was looked at, in the order of a request. Only the last can have failed.
	Steps []Step `json:"steps"`
	// Unchecked are the names of the steps that could not be looked at.
	Unchecked []string `json:"unchecked,omitempty"`
	// SignedWith is the setting that has the key of the signature, as "SECRET_KEY_FALLBACKS[1]".
	SignedWith string `json:"signed_with,omitempty"`
	// User is the user whom the thing names, whether it is valid or not.
	User *User `json:"user,omitempty"`
	// Expires is when it ends by itself.
	Expires time.Time `json:"expires,omitzero"`
	// Parts are the reports about the parts of a cookie header or a request.
	Parts []*Report `json:"parts,omitempty"`
}

// User is a user whom a thing names.
type User struct {
	ID       string `json:"id"`
	Username string `json:"username,omitempty"`
}

// Step is something that was looked at.
type Step struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Says string `json:"says"`
}

// newReport returns a report about nothing yet.
func newReport(kind Kind, name string) *Report {
	return &Report{Kind: kind, Name: name, Steps: []Step{}}
}

// good adds a step that was passed.
func (r *Report) good(name, format string, args ...any) {
	r.Steps = append(r.Steps, Step{name, true, fmt.Sprintf(format, args...)})
}

// bad adds the step that failed, which is the reason. The remedy may be empty.
func (r *Report) bad(name string, code flow.Code, reason, remedy string) *Report {
	r.Steps = append(r.Steps, Step{name, false, reason})
	r.Valid, r.Code, r.Refusal, r.Reason, r.Remedy = false, code, code.Reason(), reason, remedy
	return r
}

// as closes a report as that of a part was.
func (r *Report) as(part *Report) {
	r.Valid, r.Code, r.Refusal = part.Valid, part.Code, part.Refusal
	r.Reason, r.Remedy = part.Reason, part.Remedy
	r.User, r.Expires, r.SignedWith = part.User, part.Expires, part.SignedWith
}

// passed closes a report about something valid.
func (r *Report) passed(code flow.Code, reason string) *Report {
	r.Valid, r.Code, r.Reason = true, code, reason
	return r
}

// maxShown is how much is shown of a text that others chose, in characters.
const maxShown = 200

// shown is a text that others chose, so that a terminal can show it.
func shown(text string) string {
	if runes := []rune(text); len(runes) > maxShown {
		text = string(runes[:maxShown]) + "…"
	}
	hidden := func(c rune) bool { return !unicode.IsPrint(c) || c == unicode.ReplacementChar }
	if strings.ContainsFunc(text, hidden) {
		text = strings.Trim(strconv.QuoteToGraphic(text), `"`)
	}
	return text
}

// when is a time, and how far it is from now: "3 days ago".
func when(t time.Time) string {
	return fmt.Sprintf("%s (%s UTC)", distance(time.Until(t)), t.UTC().Format("2006-01-02 15:04"))
}

// distance is a time from now: "3 days ago", "in an hour".
func distance(d time.Duration) string {
	if d < 0 {
		return span(-d) + " ago"
	}
	return "in " + span(d)
}

// span is a length of time in its largest unit.
func span(d time.Duration) string {
	for _, unit := range []struct {
		name   string
		length time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}} {
		if n := int64((d + unit.length/10) / unit.length); n > 0 { // 13.95 days are 14
			return plural(n, unit.name)
		}
	}
	return plural(max(1, int64(d/time.Second)), "second")
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.FormatInt(n, 10) + " " + noun + "s"
}
