package flow

// ReasonRows is how many rows reasons.go has, for tests.
var ReasonRows = len(reasons)
