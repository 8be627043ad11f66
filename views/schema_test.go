package views_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// object is an object of JSON.
type object = map[string]any

// schemas checks values against the JSON schemas of a document. It knows the
// keywords that the document uses; another one is an error.
type schemas struct {
	document object
	// closed refuses members that a schema does not name, as if each said
	// "additionalProperties": false. What a server returns is held against closed
	// schemas, so that nothing is left undescribed; a client must expect more.
	closed bool
}

// resolve follows references.
func (s schemas) resolve(node object) (object, error) {
	for range 8 {
		ref, ok := node["$ref"].(string)
		if !ok {
			return node, nil
		}
		found, err := s.find(ref)
		if err != nil {
			return nil, err
		}
		node = found
	}
	return nil, fmt.Errorf("%v goes in a circle", node["$ref"])
}

func (s schemas) find(ref string) (object, error) {
	node := s.document
	path, ok := strings.CutPrefix(ref, "#/")
	for part := range strings.SplitSeq(path, "/") {
		if ok {
			node, ok = node[part].(object)
		}
	}
	if !ok {
		return nil, fmt.Errorf("nothing is at %s", ref)
	}
	return node, nil
}

// check returns what is wrong with the value at the place.
func (s schemas) check(place string, schema object, value any) (faults []string) {
	schema, err := s.resolve(schema)
	if err != nil {
		return []string{place + ": " + err.Error()}
	}
	for keyword, rule := range schema {
		say, known := keywords[keyword]
		switch {
		case !known:
			faults = append(faults, fmt.Sprintf("%s: the keyword %q is not known", place, keyword))
		case say != nil:
			if why := say(rule, value); why != "" {
				faults = append(faults, fmt.Sprintf("%s is %.200v: %s", place, value, why))
			}
		}
	}
	switch value := value.(type) {
	case object:
		return append(faults, s.checkMembers(place, schema, value)...)
	case []any:
		if items, ok := schema["items"].(object); ok {
			for i, item := range value {
				faults = append(faults, s.check(fmt.Sprintf("%s[%d]", place, i), items, item)...)
			}
		}
	}
	return faults
}

func (s schemas) checkMembers(place string, schema, value object) (faults []string) {
	properties, _ := schema["properties"].(object)
	others, described := schema["additionalProperties"]
	for _, name := range slices.Sorted(maps.Keys(value)) {
		at := place + "." + name
		if property, ok := properties[name].(object); ok {
			faults = append(faults, s.check(at, property, value[name])...)
		} else if other, ok := others.(object); ok {
			faults = append(faults, s.check(at, other, value[name])...)
		} else if s.closed || described && others == false {
			faults = append(faults, at+" is not in the schema")
		}
	}
	return faults
}

// keywords are those that say something about one value; nil where it is said
// elsewhere, or to people.
var keywords = map[string]func(rule, value any) string{
	"title": nil, "description": nil, "examples": nil, "properties": nil, "additionalProperties": nil, "items": nil,
	"type": func(rule, value any) string {
		if got := typeOf(value); got != rule && (got != "integer" || rule != "number") {
			return fmt.Sprintf("want the type %v", rule)
		}
		return ""
	},
	"required": func(rule, value any) string {
		members, _ := value.(object)
		for _, name := range rule.([]any) {
			if _, ok := members[name.(string)]; members != nil && !ok {
				return fmt.Sprintf("%v is missing", name)
			}
		}
		return ""
	},
	"enum": func(rule, value any) string {
		if !slices.Contains(rule.([]any), value) {
			return fmt.Sprintf("want one of %v", rule)
		}
		return ""
	},
	"pattern": func(rule, value any) string {
		if text, ok := value.(string); ok && !regexp.MustCompile(rule.(string)).MatchString(text) {
			return fmt.Sprintf("want a match of %v", rule)
		}
		return ""
	},
	"format": func(rule, value any) string {
		text, _ := value.(string)
		switch rule {
		case "date-time":
			if _, err := time.Parse(time.RFC3339, text); err != nil {
				return err.Error()
			}
		case "email":
			if text != "" && !strings.Contains(text, "@") {
				return "want an address"
			}
		case "password": // a hint for people
		default:
			return fmt.Sprintf("the format %v is not known", rule)
		}
		return ""
	},
	"minLength": func(rule, value any) string {
		if text, ok := value.(string); ok && utf8.RuneCountInString(text) < int(rule.(float64)) {
			return fmt.Sprintf("want %v characters at least", rule)
		}
		return ""
	},
	"maxLength": func(rule, value any) string {
		if text, ok := value.(string); ok && utf8.RuneCountInString(text) > int(rule.(float64)) {
			return fmt.Sprintf("want %v characters at most", rule)
		}
		return ""
	},
	"minimum": func(rule, value any) string {
		if n, ok := value.(float64); ok && n < rule.(float64) {
			return fmt.Sprintf("want %v at least", rule)
		}
		return ""
	},
	"minItems": func(rule, value any) string {
		if items, ok := value.([]any); ok && len(items) < int(rule.(float64)) {
			return fmt.Sprintf("want %v at least", rule)
		}
		return ""
	},
}

func typeOf(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		if value == float64(int64(value)) {
			return "integer"
		}
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}
