package resettoken

import "time"

// SetNow returns a generator another clock, for the tests.
func (g *Generator) SetNow(now func() time.Time) { g.now = now }

// ParseTimestamp is parseTimestamp, for the tests.
var ParseTimestamp = parseTimestamp
