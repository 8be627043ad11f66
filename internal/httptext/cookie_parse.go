package httptext

import (
	"net/http"
	"strings"

	"github.com/coatcheck/coatcheck/internal/pystr"
)

// Lookup finds the cookie of one name in the Cookie lines of a request, exactly
// as ParseCookie over all of them joined with "; " would, but without a map:
// the last cookie of the name counts (Django: request.COOKIES.get(name)).
//
// It takes time linear in the header, and allocates only where the value was
// quoted with backslashes in it or the header is not UTF-8. The name of a
// cookie is never decoded and its case counts.
func Lookup(h http.Header, name string) (value string, ok bool) {
	lines := h["Cookie"]
	for i := len(lines) - 1; i >= 0; i-- {
		if value, ok = lookupLine(lines[i], name); ok {
			return value, true
		}
	}
	return "", false
}

// lookupLine walks from the end of the line, so that the first hit is the last
// cookie of the name.
func lookupLine(line, name string) (string, bool) {
	line = pystr.DecodeReplace(line)
	for {
		semicolon := strings.LastIndexByte(line, ';')
		key, value, ok := splitChunk(line[semicolon+1:])
		if ok && key == name {
			return unquote(value), true
		}
		if semicolon < 0 {
			return "", false
		}
		line = line[:semicolon]
	}
}

// ParseCookie reads one Cookie header: it splits at every semicolon, also
// inside quotes, and each part at its first "=". White space around name and
// value falls away, a part without "=" is a value whose name is empty, and a
// value in quotes is unquoted. Of several cookies of one name the last counts.
// Broken UTF-8 is read with replacements, as by Django under WSGI. It takes
// linear time (CVE-2024-7592 was the quadratic unquoting of CPython).
//
// Django: django.http.cookie.parse_cookie.
func ParseCookie(header string) map[string]string {
	cookies := make(map[string]string)
	for chunk := range strings.SplitSeq(pystr.DecodeReplace(header), ";") {
		if key, value, ok := splitChunk(chunk); ok {
			cookies[key] = unquote(value)
		}
	}
	return cookies
}

// ParseCookies reads all Cookie lines of a request as one header: HTTP/2 splits
// cookies over several lines, which belong together again with "; ".
// Django: request.COOKIES.
func ParseCookies(h http.Header) map[string]string {
	return ParseCookie(strings.Join(h["Cookie"], "; "))
}

// splitChunk splits what stands between two semicolons; ok is false where
// nothing stands there.
func splitChunk(chunk string) (key, value string, ok bool) {
	if i := strings.IndexByte(chunk, '='); i >= 0 {
		key, value = pystr.Strip(chunk[:i]), pystr.Strip(chunk[i+1:])
	} else {
		value = pystr.Strip(chunk)
	}
	return key, value, key != "" || value != ""
}

// unquote removes the quotes from a value that has them at both ends and resolves
// the backslashes within: three octal digits up to \377 are the code point,
// anything else but a line feed stands for itself. Python: http.cookies._unquote.
func unquote(value string) string {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return value
	}
	value = value[1 : len(value)-1]
	i := strings.IndexByte(value, '\\')
	if i < 0 {
		return value
	}
	var b strings.Builder
	b.Grow(len(value))
	for ; i >= 0; i = strings.IndexByte(value, '\\') {
		b.WriteString(value[:i])
		value = unescape(&b, value[i+1:])
	}
	b.WriteString(value)
	return b.String()
}

// unescape writes what stands behind a backslash and returns the rest.
func unescape(b *strings.Builder, s string) string {
	if len(s) >= 3 && '0' <= s[0] && s[0] <= '3' && isOctal(s[1]) && isOctal(s[2]) {
		b.WriteRune(rune(s[0]-'0')<<6 | rune(s[1]-'0')<<3 | rune(s[2]-'0'))
		return s[3:]
	}
	if s == "" || s[0] == '\n' {
		b.WriteByte('\\')
		return s
	}
	b.WriteByte(s[0])
	return s[1:]
}

func isOctal(c byte) bool { return '0' <= c && c <= '7' }
