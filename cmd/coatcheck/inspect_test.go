package main

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestInspect: --inspect opens the inspector to this machine, unless the site is behind a proxy;
// without it there is none, and a first run names the flag.
func TestInspect(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, dir, nil)
	if got := p.visitor().get("/inspector/"); got.status != http.StatusNotFound {
		t.Errorf("without the flag: %d", got.status)
	}
	p.stop()
	const hint = "start with --inspect and open /inspector/.\n"
	if text := p.err.String(); !strings.Contains(text, hint) {
		t.Errorf("a first run says %s", text)
	}
	p = start(t, dir, nil, "--inspect")
	v := p.visitor()
	v.enter("ada", "correct horse battery")
	if got := v.get("/inspector/?code=login.done"); got.status != http.StatusOK || !strings.Contains(got.body, `"path":"/accounts/login/"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := v.get("/inspector"); got.status != http.StatusSeeOther {
		t.Errorf("without a slash: %d", got.status)
	}
	p.says("The inspector is at " + p.url + "/inspector/; this machine and superusers can open it.\n")
	if text := p.err.String(); strings.Contains(text, hint) {
		t.Errorf("it says %s", text)
	}
	p.stop()
	for _, flags := range [][]string{{"--trusted-proxy", "127.0.0.1"}, {"--base-url", "https://shop.example"}} {
		p = start(t, dir, nil, append(flags, "--inspect", "--email-backend", "none")...)
		if got := p.visitor().get("/inspector/"); got.status != http.StatusNotFound {
			t.Errorf("%v: %d", flags, got.status)
		}
		p.says("The inspector is at /inspector/ of the site; superusers can open it.\n")
		p.stop()
	}
}

// TestInspectStops: a server whose inspector is open stops at once.
func TestInspectStops(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir(), nil, "--inspect")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/inspector/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if line, err := bufio.NewReader(response.Body).ReadString('\n'); line != "retry: 1000\n" {
		t.Fatalf("%d %q %v", response.StatusCode, line, err)
	}
	began := time.Now()
	if status := p.stop(); status != 0 || time.Since(began) > 8*time.Second {
		t.Errorf("it stopped with %d after %v", status, time.Since(began))
	}
}
