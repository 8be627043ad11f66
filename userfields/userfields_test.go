package userfields_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/userfields"
)

// TestClean: what is typed becomes what is stored, or Django's sentence.
func TestClean(t *testing.T) {
	text := userfields.Field{Name: "a", MaxLength: 3}
	required := userfields.Field{Name: "a", Required: true}
	null := userfields.Field{Name: "a", Null: true}
	integer := userfields.Field{Name: "a", Type: userfields.Integer}
	date := userfields.Field{Name: "a", Type: userfields.Date}
	boolean := userfields.Field{Name: "a", Type: userfields.Boolean}
	agree := userfields.Field{Name: "a", Type: userfields.Boolean, Required: true}
	choice := userfields.Field{Name: "a", Type: userfields.Choice, Choices: []userfields.Option{{Value: "x"}, {Value: "y"}}}
	const needed, whole, valid = "This field is required.", "Enter a whole number.", "Enter a valid date."
	for _, tt := range []struct {
		field userfields.Field
		raw   string
		want  any    // what is stored
		say   string // what is wrong
	}{
		{text, " ü☃é\u3000", "ü☃é", ""},
		{text, "", "", ""},
		{text, "abcd", nil, "Ensure this value has at most 3 characters (it has 4)."},
		{text, "a\x00", nil, "Null characters are not allowed."},
		{required, " ", nil, needed},
		{null, "", nil, ""},
		{null, "a", "a", ""},
		{integer, " 7 ", int64(7), ""},
		{integer, "+7.00", int64(7), ""},
		{integer, "-2147483648", int64(-2147483648), ""},
		{integer, "-2147483649", nil, "Ensure this value is greater than or equal to -2147483648."},
		{integer, "99999999999999999999", nil, "Ensure this value is less than or equal to 2147483647."},
		{integer, "", nil, ""},
		{integer, "7.5", nil, whole},
		{integer, "1_0", nil, whole},
		{integer, "--7", nil, whole},
		{integer, "7e2", nil, whole},
		{integer, ".0", nil, whole},
		{date, "2024-02-29", "2024-02-29", ""},
		{date, "", nil, ""},
		{date, "2023-02-29", nil, valid},
		{date, "0000-01-01", nil, valid},
		{date, "2024-2-9", nil, valid},
		{date, "29/02/2024", nil, valid},
		{boolean, "on", true, ""},
		{boolean, "FALSE", false, ""},
		{boolean, "", false, ""},
		{boolean, "maybe", nil, "Enter yes or no."},
		{agree, "no", nil, needed},
		{agree, "yes", true, ""},
		{choice, "y", "y", ""},
		{choice, "", "", ""},
		{choice, "z", nil, "Select a valid choice. z is not one of the available choices."},
	} {
		got, err := tt.field.Clean(tt.raw)
		say := ""
		if err != nil {
			say = err.Error()
			if one := (*identity.FieldError)(nil); !errors.As(err, &one) || one.Code == "" {
				t.Errorf("%s %q: the error is a %T", tt.field.Type, tt.raw, err)
			}
		}
		if got != tt.want || say != tt.say {
			t.Errorf("%s %q: %#v, %q; want %#v, %q", tt.field.Type, tt.raw, got, say, tt.want, tt.say)
		}
	}
}

// TestParse reads a line of a flag.
func TestParse(t *testing.T) {
	for line, want := range map[string]userfields.Field{
		"company": {Name: "company"},
		`company:text,max=100,required,null,label=Firm\, or club,help=a=b`: {
			Name: "company", MaxLength: 100, Required: true, Null: true, Label: "Firm, or club", Help: "a=b",
		},
		"plan:choice,choices=free=For free|team,default=free,show=profile": {
			Name: "plan", Type: userfields.Choice, Default: "free", Shown: userfields.Profile,
			Choices: []userfields.Option{{Value: "free", Label: "For free"}, {Value: "team"}},
		},
		"born : date , required": {Name: "born", Type: userfields.Date, Required: true},
	} {
		got, err := userfields.Parse(line)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v; want %+v", line, got, err, want)
		}
	}
	for _, line := range []string{
		"a:line", "a,max=x", "a,max=0", "a,required=yes", "a,label", "a,shoe=46", "a,", "a,show=here",
	} {
		if _, err := userfields.Parse(line); err == nil || !strings.Contains(err.Error(), `"a"`) {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// TestCheck refuses settings that contradict each other, with a sentence that names the field.
func TestCheck(t *testing.T) {
	one := []userfields.Option{{Value: "x"}}
	for want, fields := range map[string][]userfields.Field{
		"declared twice":    {{Name: "a"}, {Name: "a"}},
		"good name":         {{Name: "A"}},
		"use already":       {{Name: "is_superuser"}},
		"the type 9":        {{Name: "a", Type: 9}},
		"shown at 9":        {{Name: "a", Shown: 9}},
		"no length":         {{Name: "a", Type: userfields.Date, MaxLength: 3}},
		"the length 16384":  {{Name: "a", MaxLength: 16384}},
		"have choices":      {{Name: "a", Choices: one}},
		"of the type":       {{Name: "a", Type: userfields.Choice}},
		"never NULL":        {{Name: "a", Type: userfields.Boolean, Null: true}},
		`the choice "xy"`:   {{Name: "a", Type: userfields.Choice, MaxLength: 1, Choices: []userfields.Option{{Value: "xy"}}}},
		`choice "x" twice`:  {{Name: "a", Type: userfields.Choice, Choices: append(one, one...)}},
		`the default "z"`:   {{Name: "a", Type: userfields.Choice, Choices: one, Default: "z"}},
		`default "never"`:   {{Name: "a", Type: userfields.Date, Default: "never"}},
		"the sign-up page;": {{Name: "a", Type: userfields.Date, Required: true, Shown: userfields.Profile}},
	} {
		if err := userfields.Check(fields); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), fmt.Sprintf("%q", fields[0].Name)) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if err := userfields.Check([]userfields.Field{{Name: "a"}, {Name: "b", Type: userfields.Choice, Choices: one, Default: "x"}}); err != nil {
		t.Error(err)
	}
}
