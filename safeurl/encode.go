package safeurl

import "strings"

// The characters that Python's quote leaves alone wherever it is asked.
const alwaysSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"

var (
	iriSafe   = safeSet("/#%[]=:;$&()+,!?*@'~")
	pathSafe  = safeSet("/:@&+$,-_.!~*'()")
	querySafe = safeSet("/")
)

func safeSet(more string) *[256]bool {
	var set [256]bool
	for _, c := range []byte(alwaysSafe + more) {
		set[c] = true
	}
	return &set
}

// quote writes the bytes that are not safe as %XX. Python: urllib.parse.quote.
func quote(s string, safe *[256]bool) string {
	const hex = "0123456789ABCDEF"
	n := 0
	for i := range len(s) {
		if !safe[s[i]] {
			n++
		}
	}
	if n == 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 2*n)
	for i := range len(s) {
		if c := s[i]; safe[c] {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// EncodeIRI writes a URL with ASCII characters only: the UTF-8 bytes of others,
// control characters, spaces and "<>\^`{|} become %XX. What is encoded already
// stays. Nothing that comes out can end a header. Django: iri_to_uri.
func EncodeIRI(iri string) string { return quote(iri, iriSafe) }

// EscapePath writes a path that is not encoded yet for a URL; the percent sign,
// the question mark, "=", ";", "#" and brackets become %XX too.
// Django: escape_uri_path.
func EscapePath(path string) string { return quote(path, pathSafe) }

// EscapeLeadingSlashes turns a path that begins with two slashes into one on its
// own site, where browsers would read a host. It does not know backslashes: a
// URL from outside needs [IsSafe]. Django: escape_leading_slashes
// (CVE-2018-14574).
func EscapeLeadingSlashes(url string) string {
	if rest, found := strings.CutPrefix(url, "//"); found {
		return "/%2F" + rest
	}
	return url
}
