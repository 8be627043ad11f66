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
	FromDjango string `env:"-" placeholder:"MODULE-OR-FILE" help:"The settings module, as in mysite.settings, whose Django is asked; or a file (- for standard input) of what --script printed there, or 'manage.py diffsettings --all'."`
	Python     string `env:"-" default:"python3" placeholder:"PROGRAM" help:"The interpreter that has the project's Django, as in .venv/bin/python; asked for a module."`
	Script     bool   `env:"-" help:"Print the Python that asks a Django on another machine: 'manage.py shell < SCRIPT' there prints the file."`
}

// Run prints the config on standard output, and on standard error what has no
// counterpart or is left to do. It prints no key and no password. Where the two
// could not work side by side it prints no config, and fails with the reasons.
func (c *settingsCommand) Run(ctx context.Context, con *console, app *kong.Kong) error {
	switch {
	case c.Script && c.FromDjango != "":
		return usageError{errors.New("--script and --from-django are two steps; leave one out")}
	case c.Script:
		con.say(strings.TrimSuffix(askScript, "\n"))
		return nil
	case c.FromDjango == "":
		return usageError{errors.New("name the settings, as in --from-django mysite.settings")}
	}
	dump, err := c.read(ctx, con)
	if err != nil {
		return err
	}
	done := convert(dump, flagDefaults(app))
	if len(done.reasons) > 0 {
		return errors.New(strings.Join(done.reasons, "\n"))
	}
	text := json.NewEncoder(con.out)
	text.SetIndent("", "  ")
	text.SetEscapeHTML(false)
	if err := text.Encode(done.config); err != nil {
		return err
	}
	for _, note := range done.notes {
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
		return nil, errors.New("these are not all settings of a Django project; give what 'manage.py diffsettings --all' or the script of 'coatcheck settings --script' prints")
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
	dump    map[string]any
	config  map[string]any
	notes   []string
	reasons []string // why the two cannot work side by side
}

// vital are the settings without which no config would be right.
var vital = map[string]bool{
	"SESSION_ENGINE": true, "SESSION_SERIALIZER": true, "SESSION_COOKIE_NAME": true, "CACHES": true, "SESSION_CACHE_ALIAS": true,
	"DATABASES": true, "PASSWORD_HASHERS": true, "AUTH_USER_MODEL": true, "AUTHENTICATION_BACKENDS": true, "USE_TZ": true,
}

// convert makes the config, of what differs from the defaults, and what a reader
// has to know.
func convert(dump map[string]any, presets map[string]string) *conversion {
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
		if isDefault(value, presets[key]) {
			delete(c.config, key)
		}
	}
	sort.Strings(c.notes)
	sort.Strings(c.reasons)
	return c
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

// refuse says why there is no way to work side by side. It never has a secret.
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
