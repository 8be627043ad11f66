package coatcheck_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
)

// TestRefusalsLookLikeTheSite: what the middleware refuses gets a page of the site, which says
// what the visitor can do, in the visitor's language and with nothing to load; what those who
// run the site need is in the log, and programs get JSON.
func TestRefusalsLookLikeTheSite(t *testing.T) {
	var log strings.Builder
	c := testConfig(t)
	c.Site.Name, c.Site.Logger = "The Shop", slog.New(slog.NewTextHandler(&log, nil))
	c.Web.AllowedHosts = []string{"127.0.0.1"}
	site, err := coatcheck.New(c)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(site.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "in") })))
	t.Cleanup(server.Close)
	visitor := newClient(t, server)
	for _, tt := range []struct {
		method      string
		header      []string
		status      int
		en, de, log string
	}{
		{
			"POST",
			[]string{"Origin", "https://evil.example"},
			403,
			"This request came from another site, so it was refused. Open the form on this site and send it again.",
			"Öffnen Sie das Formular auf dieser Website und senden Sie es noch einmal.",
			"code=origin.refused",
		},
		{
			"GET",
			[]string{"Host", "other.example"},
			400,
			"This site is not served under that name. Please check the address that you opened.",
			"Bitte prüfen Sie die Adresse, die Sie geöffnet haben.",
			"ALLOWED_HOSTS",
		},
	} {
		for language, sentence := range map[string]string{"en": tt.en, "de": tt.de} {
			log.Reset()
			got, body := visitor.do(tt.method, "/", "", append(tt.header, "Accept", "text/html", "Accept-Language", language)...)
			if got.StatusCode != tt.status || !strings.Contains(body, sentence) || !strings.Contains(body, `<html lang="`+language) {
				t.Errorf("%v %s: %d\n%s", tt.header, language, got.StatusCode, body)
			}
			for _, want := range []string{"The Shop", `<header class="top">`, "<style>"} {
				if !strings.Contains(body, want) {
					t.Errorf("%v: the page lacks %s\n%s", tt.header, want, body)
				}
			}
			for _, other := range []string{`rel="stylesheet"`, "<script", "proxy", "Proxy", "AllowedHosts"} {
				if strings.Contains(body, other) {
					t.Errorf("%v: the page has %s\n%s", tt.header, other, body)
				}
			}
			if policy := got.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "style-src 'self' 'sha256-") {
				t.Errorf("%v: the policy is %q", tt.header, policy)
			}
			if !strings.Contains(log.String(), tt.log) {
				t.Errorf("%v: the log lacks %s\n%s", tt.header, tt.log, log.String())
			}
		}
		got, body := visitor.do(tt.method, "/", "", append(tt.header, "Accept", "application/json")...)
		if want := `{"error":"` + tt.en + `"}`; got.StatusCode != tt.status || strings.TrimSpace(body) != want {
			t.Errorf("%v: a program gets %d %s, want %s", tt.header, got.StatusCode, body, want)
		}
	}
}
