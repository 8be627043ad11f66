package dialect

import (
	"fmt"
	"strings"
	"time"
)

// Bind returns the argument for a time column: a time.Time where the engine
// stores instants, otherwise the text that Django writes there, a naive time of
// the site's zone with six digits of fraction or, where it is zero, none. Never
// a time.Time there: each driver would write its own text, and Django compares
// text. Times are cut to microseconds.
func (d *Dialect) Bind(t time.Time) any {
	t = t.Truncate(time.Microsecond)
	if d.NativeTime {
		return t.UTC()
	}
	return FormatNaive(t.In(d.Location))
}

// FormatNaive writes the wall clock of t as Django does in a column without a
// zone: 2026-01-02 03:04:05.678901, or without the fraction where it is zero.
func FormatNaive(t time.Time) string {
	var buf [26]byte
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b := digits(buf[:0], year, 4)
	b = digits(append(b, '-'), int(month), 2)
	b = digits(append(b, '-'), day, 2)
	b = digits(append(b, ' '), hour, 2)
	b = digits(append(b, ':'), minute, 2)
	b = digits(append(b, ':'), second, 2)
	if micro := t.Nanosecond() / 1000; micro != 0 {
		b = digits(append(b, '.'), micro, 6)
	}
	return string(b)
}

// digits appends n with leading zeros.
func digits(b []byte, n, width int) []byte {
	for i := width - 1; i >= 0; i-- {
		b = append(b, 0)
	}
	for i := len(b) - 1; i >= len(b)-width; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return b
}

// ParseNaive reads what Django reads from such a column: the two forms of
// FormatNaive, a T for the space, any number of fraction digits, and a zone
// (which then counts instead of loc).
func ParseNaive(text string, loc *time.Location) (time.Time, error) {
	if len(text) < 19 || !strings.Contains(" T", text[10:11]) {
		return time.Time{}, fmt.Errorf("not a time: %.40q", text)
	}
	var n [6]int
	for i, at := range [...]int{0, 5, 8, 11, 14, 17} {
		end := at + 2
		if i == 0 {
			end = 4
		}
		value, ok := number(text[at:end])
		if !ok || i < 5 && i != 2 && text[end] != "--.::"[i] {
			return time.Time{}, fmt.Errorf("not a time: %.40q", text)
		}
		n[i] = value
	}
	nano, rest := fraction(text[19:])
	if rest != "" {
		zone, err := time.Parse("Z07:00", strings.TrimSpace(rest))
		if err != nil {
			return time.Time{}, fmt.Errorf("not a time: %.40q", text)
		}
		loc = zone.Location()
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], nano, loc)
	if n[1] < 1 || n[1] > 12 || n[2] < 1 || n[2] > 31 || n[3] > 23 || n[4] > 59 || n[5] > 59 {
		return time.Time{}, fmt.Errorf("not a time: %.40q", text)
	}
	return t.UTC(), nil
}

// number reads decimal digits.
func number(text string) (n int, ok bool) {
	for i := 0; i < len(text); i++ {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
		n = n*10 + int(text[i]-'0')
	}
	return n, true
}

// fraction reads a fraction of a second as nanoseconds, microseconds counting.
func fraction(text string) (nano int, rest string) {
	if text == "" || text[0] != '.' && text[0] != ',' {
		return 0, text
	}
	i, scale := 1, 100_000_000
	for ; i < len(text) && '0' <= text[i] && text[i] <= '9'; i++ {
		nano += int(text[i]-'0') * scale
		scale /= 10
	}
	return nano / 1000 * 1000, text[i:]
}

// Time scans a time column into Dest; NULL gives the zero time.
type Time struct {
	Dest    *time.Time
	Dialect *Dialect
}

// Scan implements sql.Scanner.
func (s *Time) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		*s.Dest = time.Time{}
		return nil
	case time.Time:
		switch {
		case s.Dialect.NativeTime:
		case s.Dialect.TimeText: // the driver takes a text with a zone for an instant
		default:
			year, month, day := v.Date()
			hour, minute, second := v.Clock()
			v = time.Date(year, month, day, hour, minute, second, v.Nanosecond(), s.Dialect.Location)
		}
		*s.Dest = v.UTC()
		return nil
	case string:
		return s.parse(v)
	case []byte:
		return s.parse(string(v))
	}
	return fmt.Errorf("a time column holds a %T", value)
}

// The times beyond all others, which PostgreSQL spells in words.
var infinities = map[string]time.Time{
	"infinity": time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), "-infinity": time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
}

func (s *Time) parse(text string) (err error) {
	if at, beyond := infinities[text]; beyond && s.Dialect.NativeTime {
		*s.Dest = at
		return nil
	}
	*s.Dest, err = ParseNaive(text, s.Dialect.Location)
	return err
}
