package middleware_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/middleware"
)

// TestSayInTheVisitorsLanguage: pages and JSON, by the header or the cookie, from
// our catalogues or those of the site.
func TestSayInTheVisitorsLanguage(t *testing.T) {
	arabic := fstest.MapFS{"ar/LC_MESSAGES/coatcheck.po": {Data: []byte(
		"msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=UTF-8\\n\"\nmsgid \"Forbidden\"\nmsgstr \"ممنوع\"\n")}}
	languages, err := i18n.New(i18n.Config{Sources: []fs.FS{arabic}})
	if err != nil {
		t.Fatal(err)
	}
	forbid := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { middleware.Say(w, r, http.StatusForbidden, "Forbidden") })
	for _, tt := range []struct {
		handler      http.Handler
		header, want string
	}{
		{forbid, "", `{"error":"Forbidden"}`},
		{forbid, "Accept-Language: de", `{"error":"Verboten"}`},
		{forbid, "Cookie: django_language=ja", `{"error":"アクセス禁止"}`},
		{forbid, "Accept-Language: ar", `{"error":"Forbidden"}`},
		{middleware.Locale(languages)(forbid), "Accept-Language: ar", `{"error":"ممنوع"}`},
		{middleware.Locale(languages)(forbid), "Accept-Language: ar\nAccept: text/html", `<html lang="ar" dir="rtl">`},
		{middleware.Locale(languages)(forbid), "Accept-Language: de\nAccept: text/html", "<h1>Verboten</h1><p>Verboten</p>"},
	} {
		server := httptest.NewServer(tt.handler)
		t.Cleanup(server.Close)
		r := request(t, http.MethodGet, server.URL, "")
		for line := range strings.SplitSeq(tt.header, "\n") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				r.Header.Set(name, value)
			}
		}
		response, body := fetch(t, newClient(t), r)
		if vary := response.Header.Get("Vary"); !strings.Contains(body, tt.want) || vary != "Accept-Language, Cookie" {
			t.Errorf("%s: Vary: %s; %s", tt.header, vary, body)
		}
	}
}
