package messages

import (
	"reflect"
	"testing"
)

// FuzzParse: no stored list makes parse panic, and what it reads it writes in a form that
// it reads alike.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`[]`, `[["__json_message",0,20,"a"],["__json_message",1,25,"<b>","x y"],"__messagesnotfinished__"]`,
		`[["__json_message", 0, 20, "\u00fc\ud800", null], {"a": 1}, "b", ["c"]]`, `[["__json_message"]]`, `{}`, `[`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		items, _, err := parse(text)
		if err != nil {
			return
		}
		again, all, err := parse(sessionText(items))
		if err != nil || !all || len(again) != len(items) || len(items) > 0 && !reflect.DeepEqual(again, items) {
			t.Errorf("%q: %+v, then %+v, %v", text, items, again, err)
		}
	})
}
