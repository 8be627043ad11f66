package i18n

import (
	"fmt"
	"reflect"
	"strings"
)

// format puts values into the placeholders of a text, as Python's % does with a
// dict: %(name)s, %(name)d and %(name)f, the last two with flags, a width of up
// to two digits and for f a precision of one. It is not ok where a placeholder is
// another one, has no value, or one of another kind.
func format(text string, args []any) (_ string, ok bool) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "%")
		b.WriteString(before)
		if !found {
			return b.String(), true
		}
		if text, found = strings.CutPrefix(rest, "%"); found {
			b.WriteByte('%')
			continue
		}
		name, rest, found := strings.Cut(rest, ")")
		verb := strings.IndexAny(rest, "sdf")
		if !found || name == "" || name[0] != '(' || verb < 0 || !isSpec(rest[:verb], rest[verb]) {
			return "", false
		}
		value, found := valueOf(name[1:], args)
		if !found || !write(&b, rest[:verb+1], value) {
			return "", false
		}
		text = rest[verb+1:]
	}
}

// isSpec reports whether that may stand in front of the verb. Then it means to
// package fmt what it means to Python.
func isSpec(spec string, verb byte) bool {
	if verb == 's' || spec == "" {
		return spec == ""
	}
	width, precision, precise := strings.Cut(strings.TrimLeft(spec, "-+ 0"), ".")
	return len(spec) <= 8 && len(width) <= 2 && len(precision) <= 1 && strings.Trim(width+precision, "0123456789") == "" &&
		(!precise || verb == 'f' && precision != "")
}

// write formats one value; spec ends with the verb.
func write(b *strings.Builder, spec string, value any) bool {
	if spec == "s" {
		if s, ok := value.(string); ok {
			b.WriteString(s)
		} else {
			fmt.Fprint(b, value)
		}
		return true
	}
	v := reflect.ValueOf(value)
	switch {
	case spec[len(spec)-1] == 'd' && (v.CanInt() || v.CanUint()):
		fmt.Fprintf(b, "%"+spec, value)
	case spec[len(spec)-1] == 'f' && v.CanFloat():
		fmt.Fprintf(b, "%"+spec, value)
	case spec[len(spec)-1] == 'f' && v.CanInt():
		fmt.Fprintf(b, "%"+spec, float64(v.Int()))
	default:
		return false
	}
	return true
}

// valueOf looks a name up among pairs and maps; the first counts.
func valueOf(name string, args []any) (any, bool) {
	for i := 0; i < len(args); i++ {
		if m, ok := args[i].(map[string]any); ok {
			if value, ok := m[name]; ok {
				return value, true
			}
			continue
		}
		if i++; i < len(args) && args[i-1] == any(name) {
			return args[i], true
		}
	}
	return nil, false
}
