package httptext

// classes of the bytes of a cookie.
const (
	legal  = 1 << iota // may stand in a name, and in a value without quotes
	direct             // may stand in a quoted value as it is
)

var classes = func() (t [256]uint8) {
	mark := func(s string, class uint8) {
		for i := range len(s) {
			t[s[i]] |= class
		}
	}
	for c := range 256 {
		if '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' {
			t[c] = legal | direct
		}
	}
	mark("!#$%&'*+-.^_`|~:", legal|direct)
	mark(" ()/<=>?@[]{}", direct)
	return t
}()

// isLegal reports whether s is a cookie name, or a value that needs no quotes.
func isLegal(s string) bool {
	for i := range len(s) {
		if classes[s[i]]&legal == 0 {
			return false
		}
	}
	return s != ""
}

// hasControl finds the characters that never stand in a header.
func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7F {
			return true
		}
	}
	return false
}

// appendQuoted writes a value: as it is where it is legal, else in quotes, with
// a backslash before quote and backslash and the octal code for the comma, the
// semicolon and U+0080 to U+00FF. Python: http.cookies._quote.
func appendQuoted(b []byte, value string) []byte {
	if isLegal(value) {
		return append(b, value...)
	}
	b = append(b, '"')
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case classes[c]&direct != 0:
			b = append(b, c)
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case (c == 0xC2 || c == 0xC3) && i+1 < len(value): // U+0080 to U+00FF
			i++
			b = appendOctal(b, c<<6|value[i]&0x3F)
		case c >= 0x80:
			b = append(b, c)
		default:
			b = appendOctal(b, c)
		}
	}
	return append(b, '"')
}

func appendOctal(b []byte, c byte) []byte {
	return append(b, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
}
