package messages

import (
	"sort"
	"strings"
)

// maxCookie is how long the cookie's value may be (Django: max_cookie_size).
const maxCookie = 2048

// pack signs as many of the items as a cookie holds, and returns the others: the newest,
// or with dropOldest the oldest. The value is "" where there are no items.
func (s *Service) pack(items []item, dropOldest bool) (value string, rest []item) {
	if len(items) == 0 {
		return "", nil
	}
	parts := texts(items)
	if value = s.sign(parts); len(value) <= maxCookie {
		return value, nil
	}
	// Django bisects, so that the same messages stay where compression is not monotonic.
	if dropOldest {
		n := sort.Search(len(parts), func(i int) bool { return len(s.signPart(parts[i:])) <= maxCookie })
		return s.signPart(parts[n:]), items[:n]
	}
	n := sort.Search(len(parts), func(i int) bool { return len(s.signPart(parts[:i+1])) > maxCookie })
	return s.signPart(parts[:n]), items[n:]
}

func (s *Service) sign(parts []string) string {
	return s.signer.DumpsText("["+strings.Join(parts, ",")+"]", true)
}

// signPart signs a list that goes on elsewhere.
func (s *Service) signPart(parts []string) string {
	return s.sign(append(parts[:len(parts):len(parts)], notFinished))
}

// unpack reads the cookie's value.
func (s *Service) unpack(value string) (items []item, all bool, err error) {
	text, err := s.signer.LoadsText(value)
	if err != nil {
		return nil, false, err
	}
	return parse(text)
}
