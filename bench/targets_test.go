package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/bench/load"
)

// TestTargetsAreMeasured: each target is about a case, a load and a group that are there.
func TestTargetsAreMeasured(t *testing.T) {
	all := groups(options{Tables: 1_000_000})
	if err := checkTargets(targets, all); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Target){
		"case":      func(t *Target) { t.Case = "nothing" },
		"yardstick": func(t *Target) { t.Against = "nothing" },
		"load":      func(t *Target) { t.Load = "nothing" },
		"group":     func(t *Target) { t.Group = "nothing" },
		"bound":     func(t *Target) { t.Most = 0 },
	} {
		bad := targets[0]
		change(&bad)
		if err := checkTargets([]Target{bad}, all); err == nil || !strings.Contains(err.Error(), bad.Name) {
			t.Errorf("a target without its %s: %v", name, err)
		}
	}
}

// rowOf is a case whose requests took so much CPU time and that long.
func rowOf(name string, cpu time.Duration, ms ...int64) Row {
	r := Row{Group: flood, Case: name, Load: beside, Yardstick: name == quiet}
	for _, n := range ms {
		h := load.Histogram()
		_ = h.RecordValue(n * 1000)
		r.Samples = append(r.Samples, Sample{Requests: 1, Server: cpu, Latency: h, Elapsed: time.Second})
	}
	return r
}

// TestVerdicts judges medians against bounds.
func TestVerdicts(t *testing.T) {
	p99 := Target{Group: flood, Case: flooded, Load: beside, Metric: latency99, Most: 10, OrTimes: 1.5, OrAgainst: quiet}
	ratio := Target{Group: flood, Case: flooded, Load: beside, Metric: serverCPU, Against: quiet, Most: 0.5}
	least := Target{Group: flood, Case: flooded, Load: beside, Metric: perSecond, Least: 1}
	for _, test := range []struct {
		name         string
		target       Target
		quiet, other Row
		met          bool
	}{
		{"below", p99, rowOf(quiet, 1, 1, 1, 1), rowOf(flooded, 1, 1, 9, 80), true},
		{"above", p99, rowOf(quiet, 1, 5, 5, 5), rowOf(flooded, 1, 1, 11, 80), false},
		{"above, and below so many times another", p99, rowOf(quiet, 1, 10, 10, 10), rowOf(flooded, 1, 1, 14, 80), true},
		{"a ratio", ratio, rowOf(quiet, 2000, 1, 1), rowOf(flooded, 1000, 1, 1), true},
		{"a ratio above", ratio, rowOf(quiet, 2000, 1, 1), rowOf(flooded, 1200, 1, 1), false},
		{"a ratio of other rounds", ratio, rowOf(quiet, 2000, 1, 1, 1), rowOf(flooded, 900, 1, 1), true},
		{"at least", least, rowOf(quiet, 1, 1), rowOf(flooded, 1, 1), true},
	} {
		v := test.target.judge([]Row{test.quiet, test.other})
		if !v.Known || v.Met != test.met {
			t.Errorf("%s: %+v, want met: %v", test.name, v, test.met)
		}
	}
}

// TestQuantiles are known ones.
func TestQuantiles(t *testing.T) {
	s, ok := spread([]float64{5, 1, 4, 2, 3})
	if want := (Spread{2, 3, 4}); !ok || s != want {
		t.Errorf("%v, want %v", s, want)
	}
	if s, _ := spread([]float64{1, 2}); s.Median != 1.5 || s.Low != 1.25 {
		t.Errorf("of two: %v", s)
	}
	if _, ok := spread(nil); ok {
		t.Error("nothing has a median")
	}
}

// TestDocument has what was measured, and neither the name of the machine nor a path.
func TestDocument(t *testing.T) {
	b := &bench{options: options{Sessions: 100_000}, servers: &servers{}}
	rows := []Row{rowOf(quiet, 1, 1, 2), rowOf(flooded, 2, 30, 40), {Group: "other", Case: "gone", Absent: errAbsent}}
	text := document(b.machine(t.Context()), rows, judgeAll(rows), shapes(b.options))
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"100,000 users", "## " + flood, "| gone | not installed |", "Processor: ", "missed"} {
		if !strings.Contains(text, want) {
			t.Errorf("the document lacks %q:\n%s", want, text)
		}
	}
	for _, secret := range []string{host, os.TempDir() + "/"} {
		if strings.Contains(text, secret) {
			t.Errorf("the document has %q", secret)
		}
	}
}

// TestPlots writes a picture of each group.
func TestPlots(t *testing.T) {
	dir := t.TempDir()
	rows := []Row{rowOf(quiet, 1000, 1, 2), rowOf(flooded, 2000, 3, 400)}
	if err := plots(dir, rows, "some machine"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{fileName(flood) + ".svg", fileName(flood) + "-latency.svg"} {
		text, err := os.ReadFile(dir + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"<svg", quiet, flooded, "some machine"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s lacks %q", name, want)
			}
		}
	}
}
