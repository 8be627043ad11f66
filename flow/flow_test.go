package flow_test

import (
	"context"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coatcheck/coatcheck/flow"
)

func TestTrace(t *testing.T) {
	trace := flow.NewTrace()
	ctx := flow.WithSink(t.Context(), trace)
	flow.Emit(ctx, "cookie.read", slog.String("key", flow.Brief("abcdefghijklmnopqrstuvwxyz012345")), slog.String("path", "/a b\n"))
	flow.Emit(ctx, "csrf.cookie_missing", slog.String("reason", "no \x1b[31m cookie"))
	flow.Emit(ctx, "access.let_in")
	flow.Emit(ctx, "shop.paid", slog.Any("hidden", secret{}))
	got := trace.Format("GET /")
	for _, want := range []string{
		"GET /\n", "3 Middleware", "session cookie read", "key=abcd…", `path="/a b\n"`, `refused with 403: no \x1b[31m cookie` + "\n",
		"5 Access control", "let in\n", "4 View", "shop.paid  hidden=shown\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if events := trace.Events(); len(events) != 4 || events[0].Code != "cookie.read" || events[0].Time.IsZero() || !events[0].Start.IsZero() {
		t.Errorf("events: %+v", events)
	}
}

// secret is a value that hides itself.
type secret struct{}

func (secret) LogValue() slog.Value { return slog.StringValue("shown") }

// TestDurations: each step has its own duration, and none is counted twice.
func TestDurations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trace := flow.NewTrace()
		ctx := flow.WithSink(t.Context(), trace)
		time.Sleep(time.Millisecond)
		flow.Emit(ctx, "cookie.read") // 1ms, since the trace began
		whole := flow.Start(ctx)
		time.Sleep(2 * time.Millisecond) // the program's own work
		part := flow.Start(ctx)
		time.Sleep(4 * time.Millisecond)
		part.Emit(ctx, "database.row", slog.String("query", "user row read")) // 4ms, by its timer
		time.Sleep(8 * time.Millisecond)
		whole.Emit(ctx, "password.compared") // 8ms, since its part ended
		want := []string{"1ms 1ms session cookie read", "7ms 4ms user row read", "15ms 8ms authenticate(): password hashed as the stored one was, and compared"}
		if got := times(trace); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

var line = regexp.MustCompile(`(?m)^  \d [A-Z][a-z ]+?  +(\S+) +(\S+)  (.*)$`)

// times are the lines of a trace without layers.
func times(trace *flow.Trace) (all []string) {
	for _, m := range line.FindAllStringSubmatch(trace.Format(""), -1) {
		all = append(all, m[1]+" "+m[2]+" "+m[3])
	}
	return all
}

// TestParts: parts of a step are counted to it, those that come after it too, and are shown
// where there is no such step; a sink gets them all.
func TestParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		trace := flow.NewTrace()
		ctx := flow.WithSink(t.Context(), trace)
		statement := func(ctx context.Context, table string) {
			timer := flow.Start(ctx)
			time.Sleep(time.Millisecond)
			timer.Emit(ctx, "database.changed", slog.String("query", "attempt taken"), slog.String("table", table))
		}
		take := func() {
			timer, within := flow.Start(ctx), flow.Within(ctx, "throttle")
			statement(within, "a")
			statement(within, "b")
			timer.Emit(ctx, "throttle.passed")
		}
		statement(flow.Within(ctx, "throttle"), "c") // of no step so far
		flow.Emit(ctx, "session.saved")
		take()
		statement(ctx, "d")
		statement(flow.Within(ctx, "throttle"), "a") // of the take before it
		take()
		const passed = "throttle: attempts are left, and one of each budget is taken"
		want := []string{
			"1ms 1ms attempt taken  table=c",
			"1ms 0s session saved",
			"3ms 3ms " + passed + "  statements=3  table=a,b",
			"4ms 1ms attempt taken  table=d",
			"7ms 2ms " + passed + "  statements=2  table=a,b",
		}
		if got := times(trace); !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if n := len(trace.Events()); n != 10 {
			t.Errorf("%d events", n)
		}
	})
}

// count is a sink that counts.
type count map[flow.Code]int

func (c count) Emit(_ context.Context, e flow.Event) { c[e.Code]++ }

// TestSinks: a context may have several sinks, and those that are made of it more.
func TestSinks(t *testing.T) {
	outer, first, second := count{}, count{}, count{}
	ctx := flow.WithSink(t.Context(), outer)
	one, two := flow.WithSink(ctx, first), flow.WithSink(ctx, second)
	flow.Emit(ctx, "login.done")
	flow.Emit(one, "login.done")
	flow.Emit(flow.Within(two, "throttle"), "logout.done")
	for _, c := range []struct {
		name         string
		sink         count
		login, leave int
	}{{"outer", outer, 2, 1}, {"first", first, 1, 0}, {"second", second, 0, 1}} {
		if c.sink["login.done"] != c.login || c.sink["logout.done"] != c.leave {
			t.Errorf("%s: %v", c.name, c.sink)
		}
	}
}

// TestOff: without a sink nothing is on, and nothing is allocated.
func TestOff(t *testing.T) {
	ctx, n, name := flow.Within(context.Background(), "throttle"), 12345, strings.Repeat("x", 40)
	if flow.On(ctx) || !flow.On(flow.WithSink(ctx, count{})) {
		t.Error("On does not tell")
	}
	if n := testing.AllocsPerRun(100, func() {
		timer := flow.Start(ctx)
		flow.Emit(ctx, "cookie.read", slog.String("name", name), slog.Int("n", n))
		timer.Emit(flow.Within(ctx, "throttle"), "database.row", slog.String("query", name), slog.Bool("found", n > 3))
	}); n != 0 {
		t.Errorf("a flow without a sink allocates %v times", n)
	}
}

func TestTraceIsBounded(t *testing.T) {
	trace := flow.NewTrace()
	ctx := flow.WithSink(t.Context(), trace)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				flow.Emit(ctx, "home.shown")
			}
		})
	}
	wg.Wait()
	if n := len(trace.Events()); n != 200 {
		t.Errorf("%d events", n)
	}
	if text := trace.Format(""); !strings.HasSuffix(text, "\n  … and 200 more steps\n") {
		t.Errorf("the trace does not say what it left out:\n%s", text)
	}
}

func TestBriefHidesKeys(t *testing.T) {
	for key, want := range map[string]string{"": "none", "short": "…", "0123456789abcdef0123": "0123…"} {
		if got := flow.Brief(key); got != want {
			t.Errorf("Brief(%q) = %q", key, got)
		}
	}
}

// TestTable: each code is there once, is written as codes are, and is explained.
func TestTable(t *testing.T) {
	code, name := regexp.MustCompile(`^[a-z_]+\.[a-z_]+$`), regexp.MustCompile(`\{([^}]*)\}`)
	seen := map[flow.Code]bool{}
	last := flow.Database
	for _, m := range flow.Codes() {
		if !code.MatchString(string(m.Code)) || seen[m.Code] {
			t.Errorf("%q is no code, or there twice", m.Code)
		}
		seen[m.Code] = true
		if m.Sentence == "" || strings.HasSuffix(m.Sentence, ".") || !strings.HasSuffix(m.Doc, ".") {
			t.Errorf("%s: sentence %q, doc %q", m.Code, m.Sentence, m.Doc)
		}
		if m.Layer < last {
			t.Errorf("%s of %s comes after one of %s", m.Code, m.Layer, last)
		}
		last = m.Layer
		for _, found := range name.FindAllStringSubmatch(m.Sentence, -1) {
			if !slices.Contains(m.Attrs, found[1]) {
				t.Errorf("%s: the sentence has %s, which is no attribute", m.Code, found[0])
			}
		}
	}
	if len(seen) < 100 {
		t.Errorf("%d codes", len(seen))
	}
}

// TestReasons: each code that refuses or fails has a reason, and says what the visitor sees and
// what to do; the words of a code do not belie its verdict.
func TestReasons(t *testing.T) {
	kebab := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)+$`)
	refuses := regexp.MustCompile(`\.(failed|broken|forbidden|incomplete|gone|inactive)$|refused|unauthorized|mismatch|malformed`)
	harmless := []flow.Code{"authenticate.failed"} // which refuses
	for _, m := range flow.Codes() {
		bad := m.Verdict == flow.Refused || m.Verdict == flow.Failed
		if bad && m.Reason == "" || m.Reason != "" && (m.Sees == "" || m.Remedy == "" || !kebab.MatchString(m.Reason)) {
			t.Errorf("%s: reason %q, seen as %q, remedy %q: complete its row in reasons.go", m.Code, m.Reason, m.Sees, m.Remedy)
		}
		if refuses.MatchString(string(m.Code)) && !bad {
			t.Errorf("%s refuses or fails and counts as %s: give it a row in reasons.go", m.Code, m.Verdict)
		}
		fails := strings.HasSuffix(string(m.Code), ".failed") && !slices.Contains(harmless, m.Code)
		if fails != (m.Verdict == flow.Failed) && !slices.Contains([]flow.Code{
			"authenticate.broken", "password.busy", "session.refused_unsaved",
		}, m.Code) {
			t.Errorf("%s counts as %s", m.Code, m.Verdict)
		}
	}
	for code, want := range map[flow.Code]string{
		"session.expired": "session-expired", "access.forbidden": "permission-missing", "login.done": "", "shop.paid": "",
	} {
		if got := code.Reason(); got != want {
			t.Errorf("%s has the reason %q, want %q", code, got, want)
		}
	}
}

// TestReasonsAreOfTheTable: no row of reasons.go is about a code that is not in the table.
func TestReasonsAreOfTheTable(t *testing.T) {
	with := 0
	for _, m := range flow.Codes() {
		if m.Reason != "" {
			with++
		}
	}
	if with != flow.ReasonRows {
		t.Errorf("%d rows of reasons.go, and %d codes have a reason: a row is there twice, or its code is none", flow.ReasonRows, with)
	}
}
