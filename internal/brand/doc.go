// Package brand checks how a site shows that it is itself: its logo, its accent colour, and the
// link to where visitors get help. It is on floor 0, the pure tools.
package brand
