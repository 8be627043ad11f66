// Package djangosettings turns the settings of a Django project into those of Coatcheck: it reads
// what Django prints of them, and converts each. It is a part of the programs.
package djangosettings

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sort"
	"strings"

	"github.com/coatcheck/coatcheck/internal/textfile"
)

// maxSetting bounds a line of the dump.
const maxSetting = 4 << 20

// Dump is all settings of a project: values as Python's repr prints them, by their names.
type Dump map[string]any

// Read reads the lines NAME = value of diffsettings, in either of its forms, or of Script.
// It returns an error where they are not all settings of a project.
func Read(in io.Reader) (Dump, error) {
	dump := Dump{}
	lines := bufio.NewScanner(textfile.Reader(in))
	lines.Buffer(nil, maxSetting)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "- ") { // Django's default, where the project has another
			continue
		}
		for _, mark := range [...]string{"### ", "+ ", "  "} {
			line = strings.TrimPrefix(line, mark)
		}
		name, text, ok := strings.Cut(strings.TrimSuffix(line, "  ###"), " = ")
		if !ok || name == "" || strings.ToUpper(name) != name || strings.Contains(name, " ") {
			continue
		}
		value, err := parsePython(text)
		if err != nil {
			value = pyObject("...")
		}
		dump[name] = value
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	if _, ok := dump["SESSION_COOKIE_NAME"]; !ok {
		return nil, errors.New("these are not all settings of a Django project; give what 'manage.py " +
			"diffsettings --all' or the script of 'coatcheck settings --script' prints")
	}
	return dump, nil
}

// conversion is the way from Django's settings to flags.
type conversion struct {
	dump    Dump
	config  map[string]any
	notes   []string
	reasons []string // why the two cannot work side by side
}

// vital are the settings without which no config would be right.
var vital = map[string]bool{
	"SESSION_ENGINE": true, "SESSION_SERIALIZER": true, "SESSION_COOKIE_NAME": true, "CACHES": true, "SESSION_CACHE_ALIAS": true,
	"DATABASES": true, "PASSWORD_HASHERS": true, "AUTH_USER_MODEL": true, "AUTHENTICATION_BACKENDS": true, "USE_TZ": true,
}

// Result is what comes of the settings of a project.
type Result struct {
	Config  map[string]any // of flags, named as in a config file; what is the default is left out
	Notes   []string       // what has no counterpart or is left to do, NAME: TEXT, sorted
	Reasons []string       // why the two cannot work side by side, NAME: TEXT, sorted
}

// Convert returns the settings of Coatcheck that work beside a project with these. The
// defaults are those of Coatcheck's flags, named as in a config file. Nothing in the result
// has a key or a password.
func Convert(dump Dump, defaults map[string]string) Result {
	c := &conversion{dump: dump, config: map[string]any{}}
	for _, s := range djangoSettings {
		value, there := dump[s.name]
		if _, opaque := value.(pyObject); opaque {
			if vital[s.name] {
				c.refuse(s.name, "cannot be read, since it is no plain text, number, list or dict")
			} else {
				c.note(s.name, "cannot be read; compare it yourself")
			}
			continue
		}
		if there && s.convert != nil {
			s.convert(c, s, value)
		}
	}
	for key, value := range c.config {
		if isDefault(value, defaults[key]) {
			delete(c.config, key)
		}
	}
	sort.Strings(c.notes)
	sort.Strings(c.reasons)
	return Result{c.config, c.notes, c.reasons}
}

// isDefault reports whether a flag has this value anyway.
func isDefault(value any, preset string) bool {
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.Bool:
		return value.(bool) == (preset == "true")
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return fmt.Sprint(value) == preset
}

// set sets a flag.
func (c *conversion) set(flag string, value any) {
	c.config[strings.ReplaceAll(flag, "-", "_")] = value
}

// note reports what is to know about a setting. It never has its value.
func (c *conversion) note(name, text string) { c.notes = append(c.notes, name+": "+text) }

// refuse reports why there is no way to work side by side. It never has a secret.
func (c *conversion) refuse(name, text string) { c.reasons = append(c.reasons, name+": "+text) }

// text reads a setting that is a string; None is none.
func (c *conversion) text(name string) string {
	text, _ := c.dump[name].(string)
	return text
}

// texts are the strings of a list.
func texts(value any) []string {
	all := []string{}
	list, _ := value.([]any)
	for _, item := range list {
		if text, ok := item.(string); ok {
			all = append(all, text)
		}
	}
	return all
}
