package otel_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/metrics"
	"github.com/coatcheck/coatcheck/otel"
)

// TestMetricsAreBounded: whatever attributes events have, each attribute of a metric has a value of
// the table, and every name is one of the table.
func TestMetricsAreBounded(t *testing.T) {
	r := newRig(t, otel.Config{})
	hostile := strings.Repeat("canary\xff", 99)
	h := r.telemetry.Record(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		for _, meaning := range flow.Codes() {
			var attrs []slog.Attr
			for _, name := range meaning.Attrs {
				attrs = append(attrs, slog.String(name, hostile))
			}
			flow.Emit(request.Context(), meaning.Code, attrs...)
			flow.Emit(r.telemetry.Background(request.Context()), meaning.Code, attrs...)
		}
	}))
	for range 2 { // a login that was done, and its like
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("CANARY", "/", http.NoBody))
	}
	if name := r.last().Name; name != "HTTP" {
		t.Errorf("the span is called %q", name)
	}
	ctx := r.telemetry.Background(t.Context())
	flow.Emit(ctx, "cleaner.removed", slog.String("what", "expired sessions"), slog.Int("count", 3))
	flow.Start(ctx).Emit(ctx, "database.row")
	got := r.numbers()
	if n := got["coatcheck.cleaner_removed{what=expired sessions}"]; n != 3 {
		t.Errorf("%v sessions were removed, want 3", n)
	}
	for _, m := range metrics.Table() {
		name := strings.TrimSuffix(strings.Replace(m.Name, "_", ".", 1), "_total")
		name = strings.TrimSuffix(name, "_seconds")
		seen := 0
		for point := range got {
			if labels, found := strings.CutPrefix(point, name+"{"); found {
				seen++
				checkLabels(t, m, strings.TrimSuffix(labels, "}"))
			}
		}
		if seen == 0 {
			t.Errorf("%s is missing", name)
		}
	}
}

// checkLabels checks the attributes of a data point, "outcome=done,reason=x", with the table.
func checkLabels(t *testing.T, m metrics.Metric, text string) {
	t.Helper()
	for pair := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(pair, "=")
		i := slices.IndexFunc(m.Labels, func(l metrics.Label) bool { return l.Name == name })
		if text != "" && (i < 0 || !slices.Contains(m.Labels[i].Values, value)) {
			t.Errorf("%s has %s, which is not in the table", m.Name, pair)
		}
	}
}

// harmless are the attributes of the flow that tell of nobody, and that no client chooses.
var harmless = strings.Fields(`_auth_user_backend algorithm backend because budgets count email expires
	found good guard keys language method name provider query readonly right rounds rows sessions setting status step table validators wait what`)

// TestAttributesAreJudged: of each attribute of the flow it is known whether it identifies. A new one
// belongs in one of the lists.
func TestAttributesAreJudged(t *testing.T) {
	r := newRig(t, otel.Config{})
	for _, meaning := range flow.Codes() {
		r.telemetry.Record(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
			var attrs []slog.Attr
			for _, name := range meaning.Attrs {
				attrs = append(attrs, slog.String(name, "canary-"+name))
			}
			flow.Emit(request.Context(), meaning.Code, attrs...)
		})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody))
		for _, name := range meaning.Attrs {
			key := "coatcheck.step." + strings.TrimLeft(name, "_")
			shown := text(event(t, r.last(), string(meaning.Code)).Attributes, key) != ""
			if shown != slices.Contains(harmless, name) {
				t.Errorf("%s: the attribute %s is in the span: %v", meaning.Code, name, shown)
			}
		}
	}
}

// TestTexts: what a program puts into a step is cut, and is UTF-8.
func TestTexts(t *testing.T) {
	r := newRig(t, otel.Config{Identify: true})
	r.telemetry.Record(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		flow.Emit(request.Context(), "example.text", slog.String("text", "\xff"+strings.Repeat("ä", 999)),
			slog.Duration("wait", 1500*time.Millisecond), slog.Any("list", []int{1, 2}))
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/%ff", http.NoBody))
	span := r.last()
	attrs := event(t, span, "example.text").Attributes
	got := text(attrs, "coatcheck.step.text")
	if !utf8.ValidString(got) || len(got) > 260 || !strings.HasPrefix(got, "ää") ||
		text(attrs, "coatcheck.step.wait") != "1.5" || text(attrs, "coatcheck.step.list") != "[1 2]" {
		t.Errorf("the step has %v", attrs)
	}
	if path := text(span.Attributes, "url.path"); !utf8.ValidString(path) {
		t.Errorf("the path is %q", path)
	}
}
