package httptext

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrCookie is what every refusal of [SetCookie] wraps.
var ErrCookie = errors.New("httptext: illegal cookie")

// SetCookie is one Set-Cookie line. Django: HttpResponse.set_cookie.
type SetCookie struct {
	// Name is the name: letters, digits and !#$%&'*+-.^_`|~: only, and not the
	// name of an attribute such as "path".
	Name string

	// Value is any text without control characters. What needs quotes gets
	// them as Python gives them; the empty value is written "".
	Value string

	// Path and Domain are written as they are; empty ones are left out.
	Path, Domain string

	// MaxAge is the lifetime in seconds; nil makes a cookie that ends with
	// the browser. Unless Expires is set, expires is written along with it
	// (now + MaxAge), because old browsers look at nothing else.
	MaxAge *int

	// Expires is the date of the expires attribute, in whole seconds; the
	// zero time leaves it to MaxAge.
	Expires time.Time

	// Secure and HttpOnly write the attributes of these names.
	Secure, HttpOnly bool

	// SameSite is lax, none or strict in any case, and written as it is; the
	// empty string leaves the attribute out.
	SameSite string
}

// String is the text behind "Set-Cookie: ", byte for byte as Django 6.1 on
// Python 3.13 writes it: the attributes in the order Domain, expires, HttpOnly,
// Max-Age, Path, SameSite, Secure. Every error wraps [ErrCookie].
//
// As newer Pythons do, it refuses control characters everywhere; older ones
// wrote them in the value as octal escapes. Beyond Python it refuses a
// semicolon in Path and Domain, which would smuggle in further attributes, and
// text that is not UTF-8.
func (c SetCookie) String(now time.Time) (string, error) {
	if err := c.check(); err != nil {
		return "", err
	}
	var space [320]byte
	b := append(space[:0], c.Name...)
	b = append(b, '=')
	b = appendQuoted(b, c.Value)
	if c.Domain != "" {
		b = append(append(b, "; Domain="...), c.Domain...)
	}
	switch {
	case !c.Expires.IsZero():
		b = appendDate(append(b, "; expires="...), c.Expires)
	case c.MaxAge != nil:
		b = appendDate(append(b, "; expires="...), addSeconds(now, *c.MaxAge))
	}
	if c.HttpOnly {
		b = append(b, "; HttpOnly"...)
	}
	if c.MaxAge != nil {
		b = strconv.AppendInt(append(b, "; Max-Age="...), int64(*c.MaxAge), 10)
	}
	if c.Path != "" {
		b = append(append(b, "; Path="...), c.Path...)
	}
	if c.SameSite != "" {
		b = append(append(b, "; SameSite="...), c.SameSite...)
	}
	if c.Secure {
		b = append(b, "; Secure"...)
	}
	return string(b), nil
}

// addSeconds adds without the overflow of time.Duration at 292 years; the
// result stays within the years that a date of HTTP can name.
func addSeconds(now time.Time, seconds int) time.Time {
	const span = 20_000 * 366 * 86400
	at := time.Unix(now.Unix()+int64(min(max(seconds, -span), span)), int64(now.Nanosecond()))
	if at.Before(firstDate) {
		return firstDate
	}
	if at.After(lastDate) {
		return lastDate
	}
	return at
}

// check reports what is illegal about the cookie.
func (c SetCookie) check() error {
	if err := checkName(c.Name); err != nil {
		return err
	}
	if hasControl(c.Value) || !utf8.ValidString(c.Value) {
		return fmt.Errorf("%w: the value of %s holds a control character or is not UTF-8", ErrCookie, c.Name)
	}
	for _, attribute := range [...]string{c.Path, c.Domain} {
		if hasControl(attribute) || strings.IndexByte(attribute, ';') >= 0 || !utf8.ValidString(attribute) {
			return fmt.Errorf("%w: %s: path or domain %q", ErrCookie, c.Name, attribute)
		}
	}
	switch {
	case c.SameSite == "", strings.EqualFold(c.SameSite, "lax"), strings.EqualFold(c.SameSite, "none"),
		isStrict(c.SameSite):
		return nil
	}
	return fmt.Errorf("%w: %s: samesite %q must be lax, none or strict", ErrCookie, c.Name, c.SameSite)
}

// isStrict is an ASCII comparison: by Unicode's folding ſtrict would be equal.
func isStrict(s string) bool {
	return len(s) == len("strict") && strings.EqualFold(s, "strict")
}

func checkName(name string) error {
	for _, reserved := range reservedNames {
		if strings.EqualFold(name, reserved) {
			return fmt.Errorf("%w: the name %q is that of an attribute", ErrCookie, name)
		}
	}
	if !isLegal(name) {
		return fmt.Errorf("%w: the name %q", ErrCookie, name)
	}
	return nil
}

// reservedNames are the attributes that Python knows.
var reservedNames = [...]string{
	"expires", "path", "comment", "domain", "max-age", "secure", "httponly", "version", "samesite",
}

// Deletion is the cookie that makes a browser forget the cookie of this name,
// path and domain. It is Secure where browsers would ignore it otherwise: a
// name that begins with __Secure- or __Host-, or SameSite=None. Beyond Django it knows
// __Http- and __Host-Http-, which need HttpOnly too, and all of them in any case, as
// browsers do. Django: HttpResponse.delete_cookie.
func Deletion(name, path, domain, samesite string) SetCookie {
	onlyHTTP := hasPrefixFold(name, httpPrefix) || hasPrefixFold(name, hostHTTPPrefix)
	return SetCookie{
		Name: name, Path: path, Domain: domain, SameSite: samesite,
		MaxAge: new(int), Expires: time.Unix(0, 0), HttpOnly: onlyHTTP,
		Secure: onlyHTTP || hasPrefixFold(name, securePrefix) || hasPrefixFold(name, hostPrefix) ||
			strings.EqualFold(samesite, "none"),
	}
}

// DeleteCookie is the text of [Deletion]. Where name, path, domain or samesite
// are illegal there is no such cookie, and the text is empty: the settings were
// to be checked when the service was set up.
func DeleteCookie(name, path, domain, samesite string) string {
	s, err := Deletion(name, path, domain, samesite).String(time.Time{})
	if err != nil {
		return ""
	}
	return s
}
