package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sort"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/coatcheck/coatcheck/internal/textfile"
)

// settingsCommand turns a Django project's settings into a config file.
type settingsCommand struct {
	FromDjango string `required:"" env:"-" placeholder:"MODULE-OR-DUMP" help:"The settings module, as in mysite.settings, whose Django is asked; or a file (- for standard input) of what 'manage.py diffsettings --all' printed."`
	Python     string `env:"-" default:"python3" placeholder:"PROGRAM" help:"The interpreter that has the project's Django, as in .venv/bin/python; asked for a module."`
}

// Run prints the config on standard output, and on standard error what has no
// counterpart or is left to do. It prints no key and no password.
func (c *settingsCommand) Run(ctx context.Context, con *console, app *kong.Kong) error {
	dump, err := c.read(ctx, con)
	if err != nil {
		return err
	}
	config, notes := convert(dump, flagDefaults(app))
	text, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return err
	}
	con.say(string(text))
	for _, note := range notes {
		fmt.Fprintln(con.err, note)
	}
	return nil
}

// maxSetting bounds a line of the dump.
const maxSetting = 4 << 20

// readDump reads the lines NAME = value of diffsettings, in either of its forms.
func readDump(in io.Reader) (map[string]any, error) {
	dump := map[string]any{}
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
		return nil, errors.New("these are not all settings of a Django project; give what 'manage.py diffsettings --all' prints")
	}
	return dump, nil
}

// flagDefaults gives the default of every flag, named as in a config file.
func flagDefaults(app *kong.Kong) map[string]string {
	defaults := map[string]string{}
	_ = kong.Visit(app.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			defaults[strings.ReplaceAll(flag.Name, "-", "_")] = flag.Default
		}
		return next(nil)
	})
	return defaults
}

// conversion is the way from Django's settings to flags.
type conversion struct {
	dump   map[string]any
	config map[string]any
	notes  []string
}

// convert gives the config that differs from the defaults, and what a reader has
// to know.
func convert(dump map[string]any, defaults map[string]string) (config map[string]any, notes []string) {
	c := &conversion{dump: dump, config: map[string]any{}}
	for _, s := range djangoSettings {
		value, there := dump[s.name]
		if _, opaque := value.(pyObject); opaque {
			c.note(s.name, "cannot be read from the dump; compare it yourself")
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
	return c.config, c.notes
}

// isDefault says whether a flag has this value anyway.
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

// note says what is to know about a setting. It never has its value.
func (c *conversion) note(name, text string) { c.notes = append(c.notes, name+": "+text) }

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
