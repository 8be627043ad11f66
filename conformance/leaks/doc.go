// Package leaks holds that a site leaves no goroutine behind: neither what a request began,
// however it ends, nor the site's own housekeeping.
package leaks
