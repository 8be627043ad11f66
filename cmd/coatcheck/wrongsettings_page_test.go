package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/wrong-settings.md anew")

// TestWrongSettingsPage: the page is what the tables of TestWrongSettings say.
func TestWrongSettingsPage(t *testing.T) {
	const page = "../../docs/wrong-settings.md"
	if *update {
		if err := os.WriteFile(page, []byte(wrongSettingsPage()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != wrongSettingsPage() {
		t.Error("the page is another one; go test ./cmd/coatcheck -run TestWrongSettingsPage -update writes it anew")
	}
}

func wrongSettingsPage() string {
	var b strings.Builder
	b.WriteString(`# Settings that are wrong

What ` + "`coatcheck serve`, `check` and `check --deploy`" + ` say of each flag that is wrong. A setting that cannot work is refused
before anything is served, and ` + "`check`" + ` finds it too, without a connection to a database, a cache or a mail server: what
only a connection can tell, ` + "`serve`" + ` alone refuses. A setting that works and is a risk is found by ` + "`check --deploy`" + `:

` + "```sh\ncoatcheck check --deploy --config coatcheck.json\n```" + `

A test holds every line, and fails for a flag that is not on this page.

| setting | with | ` + "`serve` | `check` | `check --deploy`" + ` | it says |
|---|---|---|---|---|---|
`)
	for _, row := range wrongSettings {
		with := ""
		for _, flag := range strings.Fields(row.with) {
			with += "`" + flag + "` "
		}
		fmt.Fprintf(&b, "| `--%s=%s` | %s | %s | … %s … |\n", row.flag, strings.ReplaceAll(row.value, "DIR/", ""), strings.TrimSpace(with),
			[...]string{
				refuses: "refuses | error | error", serveOnly: "refuses | | ", warned: "warns | | warns", deploy: " | | warns",
			}[row.seen], strings.Trim(row.says, " "))
	}
	b.WriteString("\nThese have no value that is wrong by itself, or one that the database or the cache alone can judge:\n\n| flag | takes |\n|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(neverWrong)) {
		fmt.Fprintf(&b, "| `--%s` | %s |\n", name, neverWrong[name])
	}
	return b.String()
}
