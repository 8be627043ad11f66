package main

import (
	"net/http"
	"strings"
	"testing"
)

// TestDocs: the documentation is at /docs/, the home page and the inspector link there, and with
// --no-docs it is not there and links lead to the repository.
func TestDocs(t *testing.T) {
	t.Parallel()
	page := []string{"Accept", "text/html"}
	for _, c := range []struct {
		flags        []string
		status       int
		first, steps string
	}{
		{nil, http.StatusOK, "/docs/", "/docs/flow#3-a-request-with-the-cookie"},
		{[]string{"--no-docs"}, http.StatusNotFound, documentation + "README.md", documentation + "flow.md#3-a-request-with-the-cookie"},
	} {
		p := start(t, t.TempDir(), nil, append(c.flags, "--inspect")...)
		v := p.visitor()
		for _, path := range []string{"/docs/", "/docs/flow", "/docs/images/flow.svg", "/docs/?q=cookie"} {
			got := v.get(path, page...)
			if got.status != c.status || got.header["Set-Cookie"] != nil {
				t.Errorf("%v: %s: %d %v", c.flags, path, got.status, got.header)
			}
		}
		if home := v.get("/", page...).body; !strings.Contains(home, `<a href="`+c.first+`">`) {
			t.Errorf("%v: the home page does not lead to %s: %s", c.flags, c.first, home)
		}
		v.get("/accounts/profile/")
		if got := v.get("/inspector/", page...).body; !strings.Contains(got, `href="`+c.steps+`"`) {
			t.Errorf("%v: the inspector does not lead to %s: %s", c.flags, c.steps, got)
		}
		if got := v.get("/inspector/?code=cookie.read").body; !strings.Contains(got, `"docs":"`+c.steps+`"`) {
			t.Errorf("%v: a program gets no %s: %s", c.flags, c.steps, got)
		}
		p.stop()
	}
}
