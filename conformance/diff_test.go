package conformance_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// How the differential tests are run: COATCHECK_DIFF_CASES cases of each kind
// (500 without it, on the newest Django only), made from COATCHECK_DIFF_SEED (1
// without it). The same seed makes the same cases.
const (
	envDiffCases = "COATCHECK_DIFF_CASES"
	envDiffSeed  = "COATCHECK_DIFF_SEED"
)

// A differential is one function of Coatcheck beside the same of Django.
type differential struct {
	name  string                        // of the function in oracle/oracle.py
	makes func(g *generator) fields     // one case
	own   func(o *oracle, c fields) any // Coatcheck's result
	rules []explanation                 // the differences that are meant
}

// An explanation is a difference that is meant; docs/django-differences.md says
// why, under a heading that ends in its id in brackets. Its example is put to both sides
// in every run, so a rule that no longer holds is noticed.
type explanation struct {
	id      string
	since   string // the oldest Django that differs; "" for all
	before  string // the oldest Django that agrees again; "" for none
	example fields
	matches func(difference) bool
}

func (e explanation) holds(version string) bool {
	return version >= e.since && (e.before == "" || version < e.before)
}

// A difference is a case with two results. Those are as encoding/json decodes
// them; fields that begin with "note:" are not compared.
type difference struct {
	c           fields
	theirs, own any
}

func (d difference) theirField(name string) any { return fieldOf(d.theirs, name) }
func (d difference) ownField(name string) any   { return fieldOf(d.own, name) }
func (d difference) text(name string) string    { s, _ := d.c[name].(string); return s }

// sameBut reports whether the results are alike apart from these fields.
func (d difference) sameBut(names ...string) bool {
	theirs, ok1 := compared(d.theirs).(map[string]any)
	own, ok2 := compared(d.own).(map[string]any)
	for _, name := range names {
		delete(theirs, name)
		delete(own, name)
	}
	return ok1 && ok2 && reflect.DeepEqual(theirs, own)
}

func fieldOf(v any, name string) any {
	object, _ := v.(map[string]any)
	return object[name]
}

// differentials are all of them.
func differentials() []differential {
	return slices.Concat(cookieDifferentials(), sessionDifferentials(), passwordDifferentials(), urlDifferentials(), userDifferentials(), requestDifferentials(), resetDifferentials())
}

// TestDifferential puts generated cases to Coatcheck and to a live Django, and
// checks that they respond alike, apart from what docs/django-differences.md lists.
func TestDifferential(t *testing.T) {
	t.Parallel()
	cases, seed, versions := diffRun(t)
	for _, version := range versions {
		t.Run("Django "+version, func(t *testing.T) {
			t.Parallel()
			o := newOracle(t, version)
			for _, d := range differentials() {
				t.Run(d.name, func(t *testing.T) {
					start := time.Now()
					o.t = t
					run := &diffRunner{t: t, o: o, d: d, explained: map[string]int{}}
					run.all(newGenerator(t, seed, d.name), cases)
					t.Logf("Django %s: %s: %d cases of seed %d in %v, explained %v, unexplained %d",
						o.Django, d.name, run.cases, seed, time.Since(start).Round(time.Millisecond), run.explained, run.unexplained)
				})
			}
			o.t = t
		})
	}
}

// diffRun reads the environment.
func diffRun(t *testing.T) (cases int, seed uint64, versions []string) {
	t.Helper()
	cases, seed, versions = 500, 1, testenv.Djangos(t)
	versions = versions[len(versions)-1:]
	var err error
	if text := os.Getenv(envDiffCases); text != "" {
		versions = slices.DeleteFunc(testenv.Djangos(t), func(v string) bool { return v < "5" })
		if cases, err = strconv.Atoi(text); err != nil {
			t.Fatalf("%s: %v", envDiffCases, err)
		}
	}
	if text := os.Getenv(envDiffSeed); text != "" {
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s: %v", envDiffSeed, err)
		}
	}
	return cases, seed, versions
}

type diffRunner struct {
	t           *testing.T
	o           *oracle
	d           differential
	cases       int
	explained   map[string]int
	unexplained int
}

// all runs the examples of the rules, then as many cases as wanted.
func (r *diffRunner) all(g *generator, wanted int) {
	var examples []fields
	for _, rule := range r.d.rules {
		if rule.holds(r.o.version) {
			examples = append(examples, rule.example)
		}
	}
	if len(examples) > 0 {
		r.batch(examples)
	}
	for _, rule := range r.d.rules {
		if rule.holds(r.o.version) && r.explained[rule.id] == 0 {
			r.t.Errorf("the rule %s no longer matches its example %+q", rule.id, rule.example)
		}
	}
	for r.cases < wanted && r.unexplained < 10 {
		batch := make([]fields, min(500, wanted-r.cases))
		for i := range batch {
			batch[i] = r.d.makes(g)
		}
		r.batch(batch)
	}
}

// batch puts cases to both sides, at the same time.
func (r *diffRunner) batch(cases []fields) {
	answers := r.o.ask(r.d.name, cases)
	own := make([]any, len(cases))
	for i, c := range cases {
		own[i] = plain(r.t, r.d.own(r.o, c))
	}
	for i, theirs := range answers() {
		r.cases++
		diff := difference{cases[i], theirs, own[i]}
		if !reflect.DeepEqual(compared(theirs), compared(own[i])) {
			r.judge(diff)
		}
	}
}

// judge finds the rule that explains a difference.
func (r *diffRunner) judge(diff difference) {
	for _, rule := range r.d.rules {
		if rule.holds(r.o.version) && rule.matches(diff) {
			r.explained[rule.id]++
			return
		}
	}
	r.unexplained++
	r.t.Errorf("Django %s: %s\nof        %s\nDjango    %s\nCoatcheck %s", r.o.Django, r.d.name, shown(diff.c), shown(diff.theirs), shown(diff.own))
}

// shown is a value as ASCII.
func shown(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return strings.Trim(strconv.QuoteToASCII(string(text)), `"`)
}

// compared leaves out the notes.
func compared(v any) any {
	object, ok := v.(map[string]any)
	if !ok {
		return v
	}
	object = maps.Clone(object)
	maps.DeleteFunc(object, func(key string, _ any) bool { return strings.HasPrefix(key, "note:") })
	return object
}

// plain is what encoding/json makes of a result.
func plain(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var back any
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	return back
}

// TestDifferencesAreListed checks that docs/django-differences.md and the rules
// name the same differences.
func TestDifferencesAreListed(t *testing.T) {
	text, err := os.ReadFile("../docs/django-differences.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if _, id, ok := strings.Cut(strings.TrimSpace(line), "(`"); ok && strings.HasPrefix(line, "### ") {
			listed[strings.TrimSuffix(id, "`)")] = true
		}
	}
	ruled := map[string]bool{}
	for _, d := range differentials() {
		for _, rule := range d.rules {
			ruled[rule.id] = true
			if !listed[rule.id] {
				t.Errorf("docs/django-differences.md does not list %s", rule.id)
			}
		}
	}
	for _, id := range slices.Concat(slices.Collect(maps.Values(walkDifferences)), sessionDifferences, []string{memcached2038}) {
		ruled[id] = true
		if !listed[id] {
			t.Errorf("docs/django-differences.md does not list %s", id)
		}
	}
	for id := range listed {
		if !ruled[id] {
			t.Errorf("docs/django-differences.md lists %s, which no rule names", id)
		}
	}
	if len(ruled) == 0 {
		t.Error(fmt.Errorf("there are %d rules", len(ruled)))
	}
}
