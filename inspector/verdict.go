package inspector

import (
	"github.com/coatcheck/coatcheck/flow"
)

// judge finds the verdict of what was collected of a request, and its reason: the step that decided
// it, or else the last step of a view.
func (rec *record) judge(events []flow.Event) {
	verdict, deciding := flow.Judge(events, rec.Status)
	rec.Verdict, rec.Refusal = verdict, flow.ReasonOf(verdict, deciding)
	if deciding == nil {
		rec.settle()
		return
	}
	rec.Reason, rec.Sentence = deciding.Code, sentenceOf(deciding)
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
