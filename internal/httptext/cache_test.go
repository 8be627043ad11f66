package httptext

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

func TestPatchVary(t *testing.T) {
	for _, c := range []struct {
		before, add, after []string
	}{
		{nil, nil, nil},
		{nil, []string{""}, nil},
		{[]string{"Accept", "Cookie"}, []string{"cookie"}, []string{"Accept, Cookie"}},
		{[]string{"Accept", ""}, []string{"Cookie", "Origin"}, []string{"Accept, Cookie, Origin"}},
		{[]string{"Accept"}, []string{"*"}, []string{"*"}},
		{[]string{" COOKIE "}, []string{" Cookie"}, []string{"COOKIE"}},
	} {
		h := http.Header{}
		if c.before != nil {
			h["Vary"] = c.before
		}
		PatchVary(h, c.add...)
		if !slices.Equal(h["Vary"], c.after) {
			t.Errorf("PatchVary(%q, %q) = %q, want %q", c.before, c.add, h["Vary"], c.after)
		}
	}
}

// TestPatchVaryLeavesTheCallersNames: what is appended to must not be the array
// of somebody else.
func TestPatchVaryLeavesTheCallersNames(t *testing.T) {
	names := []string{"Cookie", "Origin"}
	h := http.Header{}
	PatchVary(h, names...)
	PatchVary(h, "Accept")
	if names[0] != "Cookie" || names[1] != "Origin" || h.Get("Vary") != "Cookie, Origin, Accept" {
		t.Errorf("names %q, Vary %q", names, h.Get("Vary"))
	}
}

func TestNeverCacheKeepsWhatIsStricter(t *testing.T) {
	const always = "no-cache, no-store, must-revalidate, private"
	for before, after := range map[string]string{
		"public":                          "max-age=0, " + always,
		"public, max-age=3600":            "max-age=0, " + always,
		"max-age=-5":                      "max-age=-5, " + always,
		"max-age=many":                    "max-age=0, " + always,
		`no-cache="Set-Cookie"`:           "no-cache, max-age=0, no-store, must-revalidate, private",
		"Private, S-MaxAge = 10, no-wait": "private, s-maxage= 10, no-wait, max-age=0, no-cache, no-store, must-revalidate",
	} {
		h := http.Header{"Cache-Control": {before}, "Expires": {"0"}}
		NeverCache(h, time.Unix(0, 0))
		if got := h.Get("Cache-Control"); got != after || h.Get("Expires") != "0" {
			t.Errorf("NeverCache over %q: %q, Expires %q; want %q", before, got, h.Get("Expires"), after)
		}
	}
}
