package negotiate_test

import (
	"net/http"
	"testing"

	"github.com/coatcheck/coatcheck/internal/negotiate"
)

func TestNegotiate(t *testing.T) {
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	for _, tt := range []struct {
		accept, contentType string
		html, json          bool
	}{
		{"", "", false, false},
		{"*/*", "", false, false}, // curl
		{browser, "", true, false},
		{browser, "application/json", true, false},
		{"*/*", "application/json; charset=utf-8", false, true},
		{"application/json", "", false, true},
		{"APPLICATION/JSON;q=0.5", "", false, true},
		{"application/json;q=0", "", false, false},
		{"text/html;q=0.5, application/json", "", false, true},
		{"text/html, application/json", "", true, false},
		{"application/json;q=abc", "", false, false},
		{"text/html;q=NaN", "", false, false},
	} {
		r := &http.Request{Header: http.Header{}}
		if tt.accept != "" {
			r.Header.Set("Accept", tt.accept)
		}
		if tt.contentType != "" {
			r.Header.Set("Content-Type", tt.contentType)
		}
		if html, json := negotiate.HTML(r), negotiate.JSON(r); html != tt.html || json != tt.json {
			t.Errorf("Accept %q, Content-Type %q: html %v, json %v; want %v, %v", tt.accept, tt.contentType, html, json, tt.html, tt.json)
		}
	}
}
