package userfields

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Parse reads a field from one line, as --user-field takes it:
//
//	NAME[:TYPE][,OPTION[=VALUE]]…
//	company:text,max=100,required,label=Company
//	plan:choice,choices=free=Free|team=For a team,default=free,show=profile
//
// The types are text, integer, boolean, date and choice. The options are required, null,
// max, label, help, choices, default and show (both, signup, profile or nowhere). A comma in
// a value is written "\,". It checks the spelling alone; Check does the rest.
func Parse(line string) (Field, error) {
	parts := split(line)
	name, kind, typed := strings.Cut(parts[0], ":")
	f := Field{Name: strings.TrimSpace(name)}
	if typed {
		i := slices.Index(typeNames, strings.TrimSpace(kind))
		if i < 0 {
			return f, fmt.Errorf("userfields: the field %q has the type %q; it must be one of %s",
				f.Name, kind, strings.Join(typeNames, ", "))
		}
		f.Type = Type(i)
	}
	for _, part := range parts[1:] {
		if err := f.option(part); err != nil {
			return f, fmt.Errorf("userfields: the field %q: %w", f.Name, err)
		}
	}
	return f, nil
}

// split cuts at commas that have no backslash in front.
func split(line string) []string {
	const kept = "\x00"
	parts := strings.Split(strings.ReplaceAll(line, `\,`, kept), ",")
	for i := range parts {
		parts[i] = strings.ReplaceAll(parts[i], kept, ",")
	}
	return parts
}

func (f *Field) option(part string) error {
	name, value, has := strings.Cut(part, "=")
	name = strings.TrimSpace(name)
	if flag := name == "required" || name == "null"; flag == has {
		if flag {
			return fmt.Errorf("the option %s takes no value", name)
		}
		return unknownOption(name)
	}
	switch name {
	case "required":
		f.Required = true
	case "null":
		f.Null = true
	case "max":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return errors.New("max is no number of characters")
		}
		f.MaxLength = n
	case "label":
		f.Label = value
	case "help":
		f.Help = value
	case "choices":
		for choice := range strings.SplitSeq(value, "|") {
			stored, label, _ := strings.Cut(choice, "=")
			f.Choices = append(f.Choices, Option{stored, label})
		}
	case "default":
		f.Default = value
	case "show":
		i := slices.Index(shownNames, value)
		if i < 0 {
			return fmt.Errorf("show is %q; it must be one of %s", value, strings.Join(shownNames, ", "))
		}
		f.Shown = Shown(i)
	default:
		return unknownOption(name)
	}
	return nil
}

func unknownOption(name string) error {
	return fmt.Errorf("the option %q is not known or lacks its value; write required, null, max=N, "+
		"label=TEXT, help=TEXT, choices=A|B, default=VALUE or show=PAGE", name)
}
