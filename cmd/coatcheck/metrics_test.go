package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/metrics"
)

var metricsAt = regexp.MustCompile(`The metrics are at (http://127\.0\.0\.1:\d+/)metrics\.\n`)

// TestMetrics: --metrics-addr serves the metrics of the site on a listener of their own, and nothing
// else there; they and the log of the flow name the reasons of a walk and none of its secrets; the
// dashboard asks for metrics that are there.
func TestMetrics(t *testing.T) {
	t.Parallel()
	const right, wrong, key = "right-canary-8001", "wrong-canary-8002", "keycanary80030000000000000000000"
	p := start(t, t.TempDir(), nil, "--metrics-addr", "127.0.0.1:0", "--log-flow", "--log-level", "debug")
	found := metricsAt.FindStringSubmatch(p.err.String())
	if found == nil {
		t.Fatalf("it does not say where the metrics are: %s", p.err.String())
	}
	v := p.visitor()
	v.enter("ada", right)
	p.visitor().post("/accounts/login/", url.Values{"username": {"ada"}, "password": {wrong}})
	p.visitor().post("/accounts/login/", url.Values{"username": {right}, "password": {"ada"}})
	v.get("/accounts/profile/?token=" + wrong)
	v.post("/accounts/password_change/", url.Values{"old_password": {wrong}, "new_password1": {right + "x"}})
	v.post("/accounts/logout/", nil)
	p.visitor().get("/accounts/profile/")
	p.visitor().get("/accounts/profile/", "Cookie", "sessionid="+key)
	p.visitor().post("/accounts/login/", url.Values{"username": {"ada"}, "password": {right}}, "Origin", "https://evil.example")
	text := fetchText(t, found[1]+"metrics", http.StatusOK)
	for _, want := range []string{
		`coatcheck_logins_total{outcome="done",reason=""} 1`,
		`coatcheck_logins_total{outcome="refused",reason="wrong-credentials"} 2`,
		`coatcheck_requests_total{reason="no-cookie",verdict="refused"} 1`,
		`coatcheck_requests_total{reason="session-unknown",verdict="refused"} 1`,
		`coatcheck_requests_total{reason="cross-origin",verdict="refused"} 1`,
		`coatcheck_sessions_created_total 1`, `coatcheck_sessions_ended_total{why="logout"} 1`,
		`coatcheck_hashes_running 0`, `coatcheck_throttle_refusals_total{budget="address"} 0`,
		`coatcheck_emails_total{outcome="sent"} 0`, "go_goroutines ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
	log := p.err.String()
	for _, want := range []string{
		`level=INFO msg="request refused" verdict=refused method=POST path=/accounts/login/ status=401`, "reason=wrong-credentials",
		"reason=no-cookie", "reason=session-unknown", `level=WARN msg="request refused"`, "reason=cross-origin", "level=DEBUG msg=\"login():",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %s", want)
		}
	}
	for _, secret := range []string{right, wrong, key} {
		if strings.Contains(text, secret) || strings.Contains(log, secret) {
			t.Errorf("the metrics or the log have %q", secret)
		}
	}
	fetchText(t, found[1], http.StatusNotFound)
	fetchText(t, found[1]+"accounts/login/", http.StatusNotFound)
	if got := p.visitor().get("/metrics"); got.status != http.StatusNotFound {
		t.Errorf("the site has the metrics too: %d", got.status)
	}
	dashboard(t, text)
	taken := launch(t, t.TempDir(), "coatcheck serve", nil, "--metrics-addr", strings.TrimSuffix(strings.TrimPrefix(found[1], "http://"), "/"))
	<-taken.ended
	if text := taken.err.String(); !strings.Contains(text, "--metrics-addr: nobody can listen at 127.0.0.1:") {
		t.Errorf("of an address that is taken it says %s", text)
	}
}

func fetchText(t *testing.T, address string, status int) string {
	t.Helper()
	got, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != status {
		t.Fatalf("%s: %d, want %d, %v", address, got.StatusCode, status, err)
	}
	return string(body)
}

// dashboard compares docs/grafana.json with the metrics that a site serves.
func dashboard(t *testing.T, served string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil || len(board.Panels) < 8 {
		t.Fatalf("docs/grafana.json has %d panels, %v", len(board.Panels), err)
	}
	asked := map[string]bool{}
	for _, panel := range board.Panels {
		if len(panel.Targets) == 0 {
			t.Errorf("the panel %q asks for nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			names := regexp.MustCompile(`[a-z]+_[a-z_]+`).FindAllString(target.Expr, -1)
			found := 0
			for _, name := range names {
				if !strings.HasPrefix(name, "coatcheck_") {
					continue
				}
				found++
				asked[strings.TrimSuffix(name, "_bucket")] = true
				if !strings.Contains(served, "\n"+name+"{") && !strings.Contains(served, "\n"+name+" ") {
					t.Errorf("the panel %q asks for %s, which no site serves", panel.Title, name)
				}
			}
			if found == 0 {
				t.Errorf("the panel %q asks for no metric of a site: %s", panel.Title, target.Expr)
			}
		}
	}
	for _, m := range metrics.Table() {
		if !strings.Contains(served, "# TYPE "+m.Name+" "+m.Kind+"\n") {
			t.Errorf("the site serves no %s %s", m.Kind, m.Name)
		}
		if !asked[m.Name] {
			t.Errorf("no panel of the dashboard shows %s", m.Name)
		}
	}
}
