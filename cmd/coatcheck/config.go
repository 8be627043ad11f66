package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/coatcheck/coatcheck/internal/textfile"
)

// configFlag names the config file.
type configFlag string

// BeforeResolve reads the file, if there is one.
func (configFlag) BeforeResolve(app *kong.Kong, ctx *kong.Context, trace *kong.Path) error {
	path, _ := ctx.FlagValue(trace.Flag).(configFlag)
	if path == "" {
		return nil
	}
	resolver, err := app.LoadConfig(string(path))
	if err != nil {
		return fmt.Errorf("--config %s: %w", path, err)
	}
	ctx.AddResolver(resolver)
	return nil
}

// configFile reads the file that --config names: a JSON object of flags, named
// as on the command line, with - or _ between the words. A key that no command
// has is an error, since a flag that is misspelt must not be ignored.
func configFile(r io.Reader) (kong.Resolver, error) {
	text, err := io.ReadAll(r)
	if err == nil {
		text, err = textfile.DecodeUTF8(text)
	}
	if err != nil {
		return nil, err
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(text, &given); err != nil {
		return nil, fmt.Errorf("the config file is not a JSON object: %w", err)
	}
	named := make(map[string]json.RawMessage, len(given))
	for name, value := range given {
		name = strings.ReplaceAll(name, "-", "_")
		if _, twice := named[name]; twice {
			return nil, fmt.Errorf("the config file has %q twice", name)
		}
		named[name] = value
	}
	if text, err = json.Marshal(named); err != nil {
		return nil, err
	}
	values, err := kong.JSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	return &config{values, named}, nil
}

// config resolves flags from a config file.
type config struct {
	kong.Resolver
	given map[string]json.RawMessage
}

// Validate refuses keys that are no flag of any command.
func (c *config) Validate(app *kong.Application) error {
	known := map[string]bool{}
	err := kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			known[strings.ReplaceAll(flag.Name, "-", "_")] = len(flag.Envs) > 0
		}
		return next(nil)
	})
	var unknown []string
	for name := range c.given {
		if !known[name] || name == "config" {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		sort.Strings(unknown)
		err = errors.Join(err, fmt.Errorf("the config file has %s, which is no flag", strings.Join(unknown,
			", ")))
	}
	return err
}

// Resolve returns the value of a flag, unless the environment has one: kong would
// let the file win.
func (c *config) Resolve(ctx *kong.Context, parent *kong.Path, flag *kong.Flag) (any, error) {
	if len(flag.Envs) == 0 {
		return nil, nil
	}
	for _, name := range flag.Envs {
		if _, ok := os.LookupEnv(name); ok {
			return nil, nil
		}
	}
	return c.Resolver.Resolve(ctx, parent, flag)
}
