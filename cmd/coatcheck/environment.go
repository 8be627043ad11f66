package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/coatcheck/coatcheck/internal/console"
)

// warnMisspelt reports of each variable of the environment that has a name like one of ours, and
// is none: a misspelt setting must not be ignored in silence.
func warnMisspelt(con *console.Console, app *kong.Application, environ []string) {
	known := variables(app)
	for _, entry := range slices.Sorted(slices.Values(environ)) {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, envPrefix+"_") || strings.HasPrefix(name, oidcSecretVariables) ||
			slices.Contains(known, name) {
			continue
		}
		if like := nearest(name, known); like != "" {
			fmt.Fprintf(con.Err, "coatcheck: warning: %s is no setting and is ignored; did you mean %s?\n",
				name, like)
		}
	}
}

// variables are the names that settings have in the environment.
func variables(app *kong.Application) []string {
	names := []string{envPrefix + "_SECRET_KEY", passwordVariable}
	visitCommands(app.Node, func(_ string, node *kong.Node) {
		for _, flag := range node.Flags {
			names = append(names, flag.Envs...)
		}
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// nearest is the name that a misspelt one is most like, or "" where it is like none.
func nearest(name string, known []string) string {
	best, least := "", max(2, (len(name)-len(envPrefix))/5)+1
	for _, candidate := range known {
		if n := distance(name, candidate); n < least {
			best, least = candidate, n
		}
	}
	return best
}

// distance is how many characters have to be added, removed or changed (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
