package sessions

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/internal/pyjson"
)

// expiryKey is where a session keeps an expiry of its own.
const expiryKey = "_session_expiry"

// ErrExpiry: the session's own expiry is a text that is not a date, or a date
// with a zone where the site has none, or the other way. Only a holder of the
// secret key can have stored it.
var ErrExpiry = errors.New("sessions: the stored expiry cannot be read")

// SetExpiryAge sets the session to end d after each save instead of after
// CookieAge; fractions of a second are dropped (Django: set_expiry with an
// integer). Below a second, and at 0, it ends when the browser closes.
func (s *Session) SetExpiryAge(ctx context.Context, d time.Duration) error {
	return s.setRaw(ctx, expiryKey, strconv.FormatInt(int64(d/time.Second), 10))
}

// SetExpiryDate sets the session to end at t, whatever is saved until then
// (Django: set_expiry with a datetime).
func (s *Session) SetExpiryDate(ctx context.Context, t time.Time) error {
	layout := "2006-01-02T15:04:05-07:00"
	if s.engine.config.Location != nil {
		t, layout = t.In(s.engine.config.Location), "2006-01-02T15:04:05"
	}
	if t.Nanosecond() >= 1000 {
		layout = strings.Replace(layout, ":05", ":05.000000", 1)
	}
	return s.setRaw(ctx, expiryKey, `"`+t.Format(layout)+`"`)
}

// SetExpireAtBrowserClose lets the cookie end with the browser (Django:
// set_expiry(0)).
func (s *Session) SetExpireAtBrowserClose(ctx context.Context) error {
	return s.SetExpiryAge(ctx, 0)
}

// ClearExpiry returns to the configured expiry (Django: set_expiry(None)).
func (s *Session) ClearExpiry(ctx context.Context) error {
	_, err := s.Delete(ctx, expiryKey)
	return err
}

// ExpiryAge is how long the session will live if it is saved now (Django:
// get_expiry_age). It is negative for a date that has passed.
func (s *Session) ExpiryAge(ctx context.Context) (time.Duration, error) {
	e, err := s.expiry(ctx)
	if err != nil {
		return 0, err
	}
	return s.engine.age(e, time.Now())
}

// ExpiryDate is when the session will end if it is saved now (Django:
// get_expiry_date).
func (s *Session) ExpiryDate(ctx context.Context) (time.Time, error) {
	e, err := s.expiry(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return s.engine.date(e, time.Now())
}

// ExpiresAtBrowserClose reports whether the cookie ends with the browser (Django:
// get_expire_at_browser_close).
func (s *Session) ExpiresAtBrowserClose(ctx context.Context) (bool, error) {
	e, err := s.expiry(ctx)
	if err != nil || !e.present {
		return s.engine.config.ExpireAtBrowserClose, err
	}
	return e.isNumber && e.seconds == 0, nil
}

func (s *Session) expiry(ctx context.Context) (expiry, error) {
	raw, _, err := s.raw(ctx, expiryKey)
	if err != nil {
		return expiry{}, err
	}
	return parseExpiry(raw), nil
}

// expiry is a stored expiry: nothing, a number of seconds, or a text.
type expiry struct {
	present  bool // there is one, and it is not null
	isNumber bool
	seconds  float64
	text     string
}

func parseExpiry(raw string) expiry {
	switch raw {
	case "", "null":
		return expiry{}
	case "true":
		return expiry{present: true, isNumber: true, seconds: 1}
	case "false":
		return expiry{present: true, isNumber: true}
	}
	if text, ok := pyjson.Unquote(raw); ok {
		return expiry{present: true, text: text}
	}
	if n, err := strconv.ParseFloat(raw, 64); err == nil {
		return expiry{present: true, isNumber: true, seconds: n}
	}
	return expiry{present: true, text: raw}
}

// own reports whether the expiry replaces CookieAge: in Python's terms, is true.
func (e expiry) own() bool { return e.present && (e.seconds != 0 || e.text != "") }

func (e *Engine) age(x expiry, now time.Time) (time.Duration, error) {
	switch {
	case !x.own():
		return e.config.CookieAge, nil
	case x.isNumber:
		return seconds(x.seconds), nil
	}
	at, aware, err := parseISO(x.text, e.config.Location)
	if err != nil {
		return 0, err
	}
	if aware != (e.config.Location == nil) {
		return 0, fmt.Errorf("%w: can't subtract offset-naive and offset-aware datetimes", ErrExpiry)
	}
	return time.Duration(math.Floor(at.Sub(now).Seconds())) * time.Second, nil
}

func (e *Engine) date(x expiry, now time.Time) (time.Time, error) {
	return x.date(now, e.config.CookieAge, e.config.Location)
}

// Expiry is when a session that holds d and was last saved at that time ends,
// in a site with that SESSION_COOKIE_AGE (Django: get_expiry_date). location is
// that of Config. The error is ErrExpiry.
func (d Data) Expiry(saved time.Time, cookieAge time.Duration, location *time.Location) (time.Time, error) {
	raw, _ := d.Get(expiryKey)
	return parseExpiry(raw).date(saved, cookieAge, location)
}

func (e expiry) date(saved time.Time, cookieAge time.Duration, location *time.Location) (time.Time, error) {
	if e.present && !e.isNumber {
		at, _, err := parseISO(e.text, location)
		return at, err
	}
	if e.own() {
		cookieAge = seconds(e.seconds)
	}
	return saved.Add(cookieAge), nil
}

// seconds converts, within what a Duration can hold.
func seconds(n float64) time.Duration {
	const most = float64(math.MaxInt64) / float64(time.Second) / 2
	return time.Duration(math.Round(max(-most, min(most, n))*1e6) * float64(time.Microsecond))
}

// isoLayouts are the forms of datetime.fromisoformat that Django or people
// write; a fraction may follow the seconds in each.
var isoLayouts = []struct {
	layout string
	aware  bool
}{
	{"2006-01-02T15:04:05Z07:00", true},
	{"2006-01-02T15:04:05-07:00:00", true},
	{"2006-01-02T15:04:05-0700", true},
	{"2006-01-02T15:04Z07:00", true},
	{"2006-01-02T15:04:05", false},
	{"2006-01-02T15:04", false},
	{"2006-01-02", false},
}

// parseISO is Python's datetime.fromisoformat. A text without a zone is in loc,
// or in UTC.
func parseISO(text string, loc *time.Location) (t time.Time, aware bool, err error) {
	if loc == nil {
		loc = time.UTC
	}
	norm := text
	if len(norm) > 10 && norm[10] == ' ' { // any separator will do in Python
		norm = norm[:10] + "T" + norm[11:]
	}
	for _, f := range isoLayouts {
		if t, err := time.ParseInLocation(f.layout, norm, loc); err == nil {
			return t.Truncate(time.Microsecond), f.aware, nil
		}
	}
	return time.Time{}, false, fmt.Errorf("%w: invalid isoformat string", ErrExpiry)
}
