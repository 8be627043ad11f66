package inspector

import (
	"net/url"
	"strconv"
	"strings"
)

// query is what the address of the page asks for: which requests, and which of them are open.
type query struct {
	User, Path, Code, Browser string
	open, with                uint64
}

// parseQuery reads it. What cannot be read counts as absent.
func parseQuery(values url.Values) query {
	number := func(name string) uint64 {
		n, _ := strconv.ParseUint(values.Get(name), 10, 64)
		return n
	}
	text := func(name string) string { return brief(strings.TrimSpace(values.Get(name))) }
	return query{text("user"), text("path"), text("code"), text("browser"), number("open"), number("with")}
}

// String returns the query as an address has it, "?user=1&open=2", or nothing.
func (q query) String() string {
	values := url.Values{}
	for _, pair := range [][2]string{
		{"user", q.User}, {"path", q.Path}, {"code", q.Code}, {"browser", q.Browser},
	} {
		if pair[1] != "" {
			values.Set(pair[0], pair[1])
		}
	}
	if q.open != 0 {
		values.Set("open", strconv.FormatUint(q.open, 10))
	}
	if q.with != 0 {
		values.Set("with", strconv.FormatUint(q.with, 10))
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

// Filters reports whether not all requests are asked for.
func (q query) Filters() bool { return q.User+q.Path+q.Code+q.Browser != "" }

// matches reports whether a request is asked for: by the ID of its user, a part of its path, the
// beginning of one of its codes, and the name of its browser.
func (q query) matches(rec *record) bool {
	if q.User != "" && rec.User != q.User || q.Browser != "" && rec.Browser != q.Browser ||
		!strings.Contains(strings.ToLower(rec.Path), strings.ToLower(q.Path)) {
		return false
	}
	return q.Code == "" || strings.HasPrefix(string(rec.Reason), q.Code) || hasCode(rec.steps, q.Code)
}

// hasCode reports whether the code of a step, or of a part of one, begins like this.
func hasCode(steps []step, begin string) bool {
	for _, s := range steps {
		if strings.HasPrefix(string(s.Code), begin) || hasCode(s.Parts, begin) {
			return true
		}
	}
	return false
}

// choose returns the requests that are asked for, the newest first.
func (q query) choose(all []*record) (chosen []*record) {
	for i := len(all) - 1; i >= 0; i-- {
		if q.matches(all[i]) {
			chosen = append(chosen, all[i])
		}
	}
	return chosen
}
