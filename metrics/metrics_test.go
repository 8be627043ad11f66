package metrics_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/metrics"
)

func served(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

var line = regexp.MustCompile(`(?m)^(coatcheck_[a-z_]+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? \S+$`)

// TestLabelsAreBounded: whatever codes and attributes events have, hostile ones too, each label has
// one of the values of the table.
func TestLabelsAreBounded(t *testing.T) {
	site := coatchecktest.NewSite(t).Site
	m := metrics.New(site)
	hostile := strings.Repeat("canary", 9)
	ctx := m.Background(t.Context())
	emitted := func(r *http.Request) {
		for _, meaning := range flow.Codes() {
			flow.Emit(r.Context(), meaning.Code, attrs(meaning, hostile)...)
			flow.Emit(ctx, meaning.Code, attrs(meaning, hostile)...)
		}
		flow.Emit(r.Context(), flow.Code(hostile+".failed"))
	}
	h := m.Record(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		emitted(r)
		site.Handler(site.Views).ServeHTTP(w, r)
	}))
	client := coatchecktest.NewClient(t, coatchecktest.NewSite(t).Site, h)
	client.Post("/accounts/login/", url.Values{"username": {hostile}, "password": {hostile}})
	client.Get("/" + hostile + "?" + hostile)
	text := served(t, m)
	if strings.Contains(text, "canary") {
		t.Errorf("the metrics have what a client chose:\n%s", text)
	}
	seen := 0
	for _, found := range line.FindAllStringSubmatch(text, -1) {
		i := slices.IndexFunc(metrics.Table(), func(m metrics.Metric) bool { return m.Name == found[1] })
		if i < 0 {
			t.Errorf("%s is not in the table", found[0])
			continue
		}
		seen++
		for _, l := range metrics.Table()[i].Labels {
			value := regexp.MustCompile(`\b` + l.Name + `="([^"]*)"`).FindStringSubmatch(found[2])
			if value == nil || !slices.Contains(l.Values, value[1]) {
				t.Errorf("%s: the label %s has a value that is not in the table", found[0], l.Name)
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d lines:\n%s", seen, text)
	}
}

// TestDocs: the page has the table of metrics.
func TestDocs(t *testing.T) {
	var b strings.Builder
	for _, m := range metrics.Table() {
		names := make([]string, len(m.Labels))
		for i, l := range m.Labels {
			names[i] = "`" + l.Name + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.Name, m.Kind, strings.Join(names, ", "), m.Help)
	}
	page, err := os.ReadFile("../docs/telemetry.md")
	if err != nil || !strings.Contains(string(page), "|---|---|---|---|\n"+b.String()+"\n") {
		t.Errorf("docs/telemetry.md lacks the table, %v:\n%s", err, b.String())
	}
}

// attrs are attributes of a code with what a client chose in each.
func attrs(m flow.Meaning, text string) (all []slog.Attr) {
	for _, name := range m.Attrs {
		all = append(all, slog.String(name, text))
	}
	return all
}
