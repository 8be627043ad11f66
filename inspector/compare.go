package inspector

import "github.com/coatcheck/coatcheck/flow"

// telling are the attributes whose values make two steps of one code different ones. Keys and
// times differ from request to request and tell nothing.
var telling = []string{
	"because", "reason", "found", "right", "good", "algorithm", "guard", "backend", "location", "status",
	"step", "setting", "error",
}

// part returns where two requests part: the index of the first step of each that differs. An
// index is the number of steps where the other request alone goes on, and both are where they
// do the same. Statements do not count, since what a node remembers saves some.
func part(a, b *record) (at [2]int, differ bool) {
	i, j := 0, 0
	for {
		for i < len(a.steps) && isStatement(&a.steps[i]) {
			i++
		}
		for j < len(b.steps) && isStatement(&b.steps[j]) {
			j++
		}
		switch {
		case i == len(a.steps) && j == len(b.steps):
			return [2]int{i, j}, false
		case i == len(a.steps) || j == len(b.steps) || !same(&a.steps[i], &b.steps[j]):
			return [2]int{i, j}, true
		}
		i++
		j++
	}
}

func isStatement(s *step) bool { return s.Code.Layer() == flow.Database }

// same reports whether two steps are the same.
func same(a, b *step) bool {
	if a.Code != b.Code || (a.fact("key") == "none") != (b.fact("key") == "none") {
		return false
	}
	for _, name := range telling {
		if a.fact(name) != b.fact(name) {
			return false
		}
	}
	return true
}
