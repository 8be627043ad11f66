package main

import (
	"strings"
	"testing"
)

// TestEmailThatIsPrinted: a site that others can reach says once, at the start, that links to
// new passwords are printed; one on a developer's machine says nothing.
func TestEmailThatIsPrinted(t *testing.T) {
	for name, test := range map[string]struct {
		flags []string
		warns int
	}{
		"a developer's machine":       {nil, 0},
		"every interface":             {[]string{"--addr", ":0"}, 1},
		"behind a proxy":              {[]string{"--trusted-proxy", "127.0.0.1"}, 1},
		"a public name":               {[]string{"--base-url", "https://www.example.com"}, 1},
		"a local name":                {[]string{"--base-url", "http://localhost:8000"}, 0},
		"behind a proxy, into files":  {[]string{"--trusted-proxy", "::1", "--email-backend", "file", "--email-file-path", t.TempDir()}, 1},
		"behind a proxy, without any": {[]string{"--trusted-proxy", "::1", "--email-backend", "none"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, t.TempDir(), nil, test.flags...)
			if n := strings.Count(p.err.String(), "flag=\"--email-backend "); n != test.warns {
				t.Errorf("it warns %d times, want %d:\n%s", n, test.warns, &p.err)
			}
		})
	}
}
