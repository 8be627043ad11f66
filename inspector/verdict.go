package inspector

import (
	"net/http"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/flow"
)

// verdict is what became of a request, in a word.
type verdict string

// The verdicts, the worst first: that of a request is the worst of its steps.
const (
	failed  verdict = "failed"  // a store or the like
	refused verdict = "refused" // or redirected to the login page
	letIn   verdict = "let in"  // by a guard, or by a login
	done    verdict = "done"    // without any question
)

// failures are what codes end with that tell of a failure. But that a password is wrong is a
// refusal.
var failures = []string{".failed", ".broken", "_unsaved"}

// refusals are what codes that refuse have in the part behind the dot.
var refusals = []string{
	"refused", "forbidden", "unauthorized", "incomplete", "unknown", "too_old", "gone", "inactive",
	"mismatch", "ended", "interrupted", "bad", "not_trusted",
}

// exceptions are codes whose words mean something else.
var exceptions = map[flow.Code]verdict{
	"authenticate.failed":     refused,
	"access.redirected":       refused,
	"access.redirected_again": refused,
	"session_list.ended":      done,
	"session.corrupt":         refused,
	"access.let_in":           letIn,
	"access.open":             letIn,
	"login.done":              letIn,
	"logout.done":             done,
}

// verdictOf returns what a code says of a request.
func verdictOf(c flow.Code) verdict {
	if v, ok := exceptions[c]; ok {
		return v
	}
	if slices.ContainsFunc(failures, func(end string) bool { return strings.HasSuffix(string(c), end) }) {
		return failed
	}
	_, word, _ := strings.Cut(string(c), ".")
	if slices.ContainsFunc(refusals, func(part string) bool { return strings.Contains(word, part) }) {
		return refused
	}
	return done
}

// judge finds the verdict and its reason: the first failure, or else the first refusal, or else
// the last step of a guard or a view.
func (rec *record) judge() {
	rec.Verdict = done
	for i := range rec.steps {
		s := &rec.steps[i]
		switch v := verdictOf(s.Code); {
		case v == failed && rec.Verdict != failed,
			v == refused && rec.Verdict != failed && rec.Verdict != refused,
			v == letIn && rec.Verdict != failed && rec.Verdict != refused:
			rec.Verdict, rec.Reason, rec.Sentence = v, s.Code, s.Sentence
		}
	}
	if rec.Reason == "" {
		rec.settle()
	}
	if because := rec.because(); because != "" {
		rec.Reason, rec.Sentence = because, because.Sentence()
	}
	if rec.Status >= http.StatusInternalServerError || rec.Status == 0 {
		rec.Verdict = failed
	} else if rec.Status >= http.StatusBadRequest && rec.Verdict != failed {
		rec.Verdict = refused
	}
}

// settle chooses the reason where nothing was decided: the last step of a view, or else the last
// one.
func (rec *record) settle() {
	for i := range rec.steps {
		s := &rec.steps[i]
		last := i == len(rec.steps)-1 && rec.Reason == ""
		if last || s.Station == atView && !isStatement(s) || s.Code == "logout.done" {
			rec.Reason, rec.Sentence = s.Code, s.Sentence
		}
	}
}

// because returns why nobody is signed in, where that is why the request may not enter.
func (rec *record) because() flow.Code {
	if !slices.Contains([]flow.Code{
		"access.redirected", "access.unauthorized", "access.redirected_again", "access.unauthorized_again",
	}, rec.Reason) {
		return ""
	}
	for i := range rec.steps {
		if s := &rec.steps[i]; s.Code == "user.anonymous" {
			return flow.Code(s.fact("because"))
		}
	}
	return ""
}
