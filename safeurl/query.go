package safeurl

import (
	"fmt"
	"strings"

	"github.com/coatcheck/coatcheck/internal/pystr"
)

// query is a parsed query string: values by name, the names in the order in
// which they came first. Django: QueryDict.
type query struct {
	names  []string
	values map[string][]string
}

func parseQuery(s string) (*query, error) {
	q := &query{values: make(map[string][]string)}
	if s == "" {
		return q, nil
	}
	if n := strings.Count(s, "&") + 1; n > maxFields {
		return nil, fmt.Errorf("%w: the query has %d parameters, at most %d", ErrLoginURL, n, maxFields)
	}
	for pair := range strings.SplitSeq(s, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unquote(name), unquote(value)
		if _, ok := q.values[name]; !ok {
			q.names = append(q.names, name)
		}
		q.values[name] = append(q.values[name], value)
	}
	return q, nil
}

func (q *query) set(name, value string) {
	if _, ok := q.values[name]; !ok {
		q.names = append(q.names, name)
	}
	q.values[name] = []string{value}
}

func (q *query) encode() string {
	var pairs []string
	for _, name := range q.names {
		for _, value := range q.values[name] {
			pairs = append(pairs, quote(name, querySafe)+"="+quote(value, querySafe))
		}
	}
	return strings.Join(pairs, "&")
}

// unquote reads a name or value of a query: plus signs are spaces, %XX are bytes
// of UTF-8, a percent sign with anything else behind it is itself.
func unquote(s string) string {
	s = strings.ReplaceAll(s, "+", " ")
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			high, low := unhex(s[i+1]), unhex(s[i+2])
			if high >= 0 && low >= 0 {
				b = append(b, byte(high<<4|low))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return pystr.DecodeReplace(string(b))
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
