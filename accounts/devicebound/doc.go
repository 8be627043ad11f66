// Package devicebound binds sessions to the devices on which they began, by Device Bound Session
// Credentials of the W3C: after a login over HTTPS the browser creates a key that it cannot
// export, and proves every few minutes that it has it. A stolen cookie of a session is worth nothing
// then. Browsers that do not know the protocol go on as before. A program opts in by
// views.Options.Extras:
//
//	Extras: []views.Extra{devicebound.New(devicebound.Options{})}
//
// It is on floor 4, the views: a feature.
package devicebound
