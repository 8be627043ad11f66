package httptext

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/internal/pystr"
)

// PatchVary adds header names to Vary, in their order and only those that are
// not there yet in any case; a "*" among them turns the header into "*".
// Several Vary lines become one. Django: patch_vary_headers, as of 6.1: older
// ones kept empty elements.
func PatchVary(h http.Header, names ...string) {
	lines := h["Vary"]
	if len(names) == 1 && len(lines) == 1 && strings.EqualFold(lines[0], names[0]) {
		return // the usual case of the second call
	}
	if len(names) == 1 && len(lines) == 0 && names[0] != "" && names[0] == pystr.Strip(names[0]) {
		h["Vary"] = []string{names[0]} // that of the first
		return
	}
	present := splitHeader(lines)
	all := slices.Clip(present)
	for _, name := range names {
		name = pystr.Strip(name)
		if name != "" && !slices.ContainsFunc(present, func(s string) bool { return strings.EqualFold(s, name) }) {
			all = append(all, name)
		}
	}
	switch {
	case slices.Contains(all, "*"):
		h["Vary"] = []string{"*"}
	case len(all) > 0:
		h["Vary"] = []string{strings.Join(all, ", ")}
	}
}

// NeverCache forbids every cache to keep the response: Expires becomes now
// unless it is set, and Cache-Control gets max-age=0, no-cache, no-store,
// must-revalidate and private beside what it has, except public and a larger
// max-age. Django: never_cache, add_never_cache_headers.
func NeverCache(h http.Header, now time.Time) {
	if len(h["Expires"]) == 0 {
		h["Expires"] = []string{HTTPDate(now)}
	}
	if len(h["Cache-Control"]) == 0 {
		h["Cache-Control"] = []string{"max-age=0, no-cache, no-store, must-revalidate, private"}
		return
	}
	h["Cache-Control"] = []string{neverCacheControl(h["Cache-Control"])}
}

// directive is one element of Cache-Control; bare ones have no "=".
type directive struct {
	name, value string
	bare        bool
}

func neverCacheControl(lines []string) string {
	var all []directive
	set := func(d directive) {
		if i := slices.IndexFunc(all, func(e directive) bool { return e.name == d.name }); i >= 0 {
			all[i] = d
		} else {
			all = append(all, d)
		}
	}
	for _, field := range splitHeader(lines) {
		name, value, found := strings.Cut(field, "=")
		d := directive{strings.ToLower(pystr.Strip(name)), value, !found}
		if d.name == "max-age" {
			d.value = smallerAge(d.value)
			d.bare = false
		}
		if d.name != "public" {
			set(d)
		}
	}
	if !slices.ContainsFunc(all, func(d directive) bool { return d.name == "max-age" }) {
		all = append(all, directive{"max-age", "0", false})
	}
	for _, name := range [...]string{"no-cache", "no-store", "must-revalidate", "private"} {
		set(directive{name, "", true})
	}
	parts := make([]string, len(all))
	for i, d := range all {
		parts[i] = d.name
		if !d.bare {
			parts[i] += "=" + d.value
		}
	}
	return strings.Join(parts, ", ")
}

// smallerAge is the smaller of an age and 0. One that is no number is a mistake
// of the caller, for which Django returns an error; here it counts as 0.
func smallerAge(value string) string {
	if n, err := strconv.Atoi(pystr.Strip(value)); err == nil && n < 0 {
		return strconv.Itoa(n)
	}
	return "0"
}

// Private keeps shared caches from storing a response, for one that sets a cookie
// which names a person: unless Cache-Control forbids that clearly, it loses public and
// s-maxage and begins with private. Headers that shared caches read in its place are
// removed. Everything else stays as it is.
func Private(h http.Header) {
	for _, name := range [...]string{"Cdn-Cache-Control", "Cloudflare-Cdn-Cache-Control", "Surrogate-Control"} {
		h.Del(name)
	}
	private, noStore, contrary := false, false, false
	kept := []string{"private"} // in front, where no quote that is left open can hide it
	for _, field := range splitQuoted(h["Cache-Control"]) {
		name, _, _ := strings.Cut(field, "=")
		switch strings.ToLower(pystr.Strip(name)) {
		case "public", "s-maxage":
			contrary = true
			continue
		case "private": // one with a list of headers is about those alone
			private = private || field == name
			continue
		case "no-store":
			noStore = true
		case "must-understand": // caches that do may ignore no-store (RFC 9111, 5.2.2.3)
			contrary = true
		}
		kept = append(kept, field)
	}
	if (private || noStore) && !contrary {
		return
	}
	h["Cache-Control"] = []string{strings.Join(kept, ", ")}
}

// splitQuoted is splitHeader, but for the commas in quotes.
func splitQuoted(lines []string) []string {
	var parts []string
	for _, line := range lines {
		quoted, escaped, start := false, false, 0
		for i := 0; i <= len(line); i++ {
			switch {
			case i == len(line) || line[i] == ',' && !quoted:
				if part := pystr.Strip(line[start:i]); part != "" {
					parts = append(parts, part)
				}
				start = i + 1
			case escaped:
				escaped = false
			case line[i] == '\\':
				escaped = quoted
			case line[i] == '"':
				quoted = !quoted
			}
		}
	}
	return parts
}

// splitHeader is the list of the elements of a header that are not empty.
func splitHeader(lines []string) []string {
	var parts []string
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ",") {
			if part = pystr.Strip(part); part != "" {
				parts = append(parts, part)
			}
		}
	}
	return parts
}
