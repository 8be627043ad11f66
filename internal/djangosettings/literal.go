package djangosettings

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// pyObject is a value whose text says too little, such as <Thing object>.
type pyObject string

var errLiteral = errors.New("no literal of Python's")

// maxLiteralDepth bounds how deep lists may be nested.
const maxLiteralDepth = 100

// parsePython reads what Python's repr prints: None is nil; numbers are int64 or
// float64; lists, tuples and sets are []any; dicts are map[string]any, of which
// other keys than strings fall away; PosixPath('x') and its like are the string.
// Everything else is a pyObject.
func parsePython(text string) (any, error) {
	p := &pyParser{rest: strings.TrimSpace(text)}
	value, err := p.value(0)
	if err == nil && strings.TrimSpace(p.rest) != "" {
		err = errLiteral
	}
	return value, err
}

type pyParser struct{ rest string }

// take consumes the text if it comes next.
func (p *pyParser) take(text string) bool {
	p.rest = strings.TrimLeft(p.rest, " ")
	rest, ok := strings.CutPrefix(p.rest, text)
	if ok {
		p.rest = rest
	}
	return ok
}

func (p *pyParser) value(depth int) (any, error) {
	p.rest = strings.TrimLeft(p.rest, " ")
	if p.rest == "" || depth > maxLiteralDepth {
		return nil, errLiteral
	}
	switch c := p.rest[0]; {
	case c == '[' || c == '(':
		p.rest = p.rest[1:]
		return p.items(map[byte]string{'[': "]", '(': ")"}[c], depth)
	case c == '{':
		p.rest = p.rest[1:]
		return p.braces(depth)
	case c == '\'' || c == '"':
		return p.text()
	case (c == 'b' || c == 'r') && len(p.rest) > 1 && (p.rest[1] == '\'' || p.rest[1] == '"'):
		p.rest = p.rest[1:]
		return p.text()
	case c == '<':
		return p.object()
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	return p.name(depth)
}

// items reads what is between brackets, to the end.
func (p *pyParser) items(end string, depth int) (any, error) {
	all := []any{}
	for !p.take(end) {
		value, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		all = append(all, value)
		if !p.take(",") {
			if !p.take(end) {
				return nil, errLiteral
			}
			break
		}
	}
	return all, nil
}

// braces reads a dict or a set.
func (p *pyParser) braces(depth int) (any, error) {
	dict, set := map[string]any{}, []any{}
	for !p.take("}") {
		key, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if p.take(":") {
			value, err := p.value(depth + 1)
			if err != nil {
				return nil, err
			}
			if name, ok := key.(string); ok {
				dict[name] = value
			}
		} else {
			set = append(set, key)
		}
		if !p.take(",") {
			if !p.take("}") {
				return nil, errLiteral
			}
			break
		}
	}
	if len(set) > 0 {
		return set, nil
	}
	return dict, nil
}

// text reads a string in quotes.
func (p *pyParser) text() (any, error) {
	quote, s := p.rest[0], p.rest[1:]
	var b strings.Builder
	for s != "" && s[0] != quote {
		if strings.HasPrefix(s, `\`+string(quote)) || strings.HasPrefix(s, `\'`) || strings.HasPrefix(s, `\"`) {
			b.WriteByte(s[1])
			s = s[2:]
			continue
		}
		r, _, rest, err := strconv.UnquoteChar(s, 0)
		if err != nil {
			return nil, errLiteral
		}
		if r == utf8.RuneError {
			r = '\uFFFD'
		}
		b.WriteRune(r)
		s = rest
	}
	if s == "" {
		return nil, errLiteral
	}
	p.rest = s[1:]
	return b.String(), nil
}

// object reads <...>, which may hold others.
func (p *pyParser) object() (any, error) {
	depth := 0
	for i := range len(p.rest) {
		switch p.rest[i] {
		case '<':
			depth++
		case '>':
			if depth--; depth == 0 {
				text := p.rest[:i+1]
				p.rest = p.rest[i+1:]
				return pyObject(text), nil
			}
		}
	}
	return nil, errLiteral
}

func (p *pyParser) number() (any, error) {
	end := strings.IndexFunc(p.rest, func(r rune) bool { return !strings.ContainsRune("+-.0123456789eEinfa", r) })
	if end < 0 {
		end = len(p.rest)
	}
	text := p.rest[:end]
	p.rest = p.rest[end:]
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, errLiteral
	}
	return f, nil
}

// name reads None, True, False, or a call such as datetime.timedelta(days=1).
func (p *pyParser) name(depth int) (any, error) {
	end := strings.IndexFunc(p.rest, func(r rune) bool { return !isNameRune(r) })
	if end < 0 {
		end = len(p.rest)
	}
	name := p.rest[:end]
	p.rest = p.rest[end:]
	switch name {
	case "None":
		return nil, nil
	case "True", "False":
		return name == "True", nil
	case "":
		return nil, errLiteral
	}
	if p.take("=") { // a named argument
		return p.value(depth + 1)
	}
	if !p.take("(") {
		return pyObject(name), nil
	}
	arguments, err := p.items(")", depth+1)
	if err != nil {
		return nil, err
	}
	if list := arguments.([]any); len(list) == 1 {
		if text, ok := list[0].(string); ok {
			return text, nil
		}
	}
	return pyObject(name + "(...)"), nil
}

func isNameRune(r rune) bool {
	return r == '_' || r == '.' || '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z'
}
