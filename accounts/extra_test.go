package accounts

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/database"
)

// TestExtraKept: values of own columns come out of a link as they went in, each with its type.
func TestExtraKept(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	given := map[string]any{
		"text": "Ünïcode ☃", "empty": "", "int": 7, "large": int64(1)<<53 + 1, "float": 0.1, "no": false, "at": at, "null": nil,
	}
	model := database.UserModel{Extra: []string{"text", "empty", "int", "large", "float", "no", "at", "null"}}
	kept, err := newExtra(given, model)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(newPending(&auth.User{Username: "ada"}, kept))
	if err != nil {
		t.Fatal(err)
	}
	var read pending
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	given["int"] = int64(7)
	for column, want := range given {
		if got := read.Extra[column].any(); got != want {
			t.Errorf("%s: %#v, want %#v", column, got, want)
		}
	}
	if len(read.Extra) != len(given) {
		t.Errorf("%d values, want %d", len(read.Extra), len(given))
	}
	for _, wrong := range []map[string]any{{"other": "x"}, {"text": []string{"x"}}} {
		if _, err := newExtra(wrong, model); !errors.Is(err, database.ErrInvalid) {
			t.Errorf("%v: %v", wrong, err)
		}
	}
}
