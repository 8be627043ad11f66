package main

import (
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// tidyLists removes the spaces around each item of the flags that take several, since people
// write "a.example, b.example", and the empty item after a last comma. A list of nothing
// stays as it is, for the setting itself to judge: none may mean all.
func tidyLists(flags []*kong.Flag) {
	for _, flag := range flags {
		if flag.Tag.Sep == -1 { // an item may hold a comma, as a regular expression does
			continue
		}
		switch values := flag.Target.Interface().(type) {
		case []string:
			flag.Target.Set(reflect.ValueOf(tidy(values)))
		case map[string]string:
			tidied := make(map[string]string, len(values))
			for key, value := range values {
				tidied[strings.TrimSpace(key)] = strings.TrimSpace(value)
			}
			flag.Target.Set(reflect.ValueOf(tidied))
		}
	}
}

func tidy(items []string) []string {
	out := slices.Clone(items)
	for i, item := range out {
		out[i] = strings.TrimSpace(item)
	}
	filled := slices.DeleteFunc(slices.Clone(out), func(item string) bool { return item == "" })
	if len(filled) == 0 {
		return out
	}
	return filled
}
