package seal_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/internal/seal"
)

func box(t testing.TB, purpose string, keys ...string) *seal.Box {
	t.Helper()
	b, err := seal.New(purpose, keys[0], keys[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSeal(t *testing.T) {
	b := box(t, "mail", "one")
	sealed := b.Seal("a secret", "7")
	if strings.Contains(sealed, "secret") || sealed == b.Seal("a secret", "7") {
		t.Errorf("sealed: %s", sealed)
	}
	rotated := box(t, "mail", "two", "one")
	for name, from := range map[string]*seal.Box{"the same": b, "after a change of keys": rotated} {
		if text, err := from.Open(sealed, "7"); err != nil || text != "a secret" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if _, err := b.Open(rotated.Seal("a secret", "7"), "7"); !errors.Is(err, seal.ErrBroken) {
		t.Errorf("the new key by the old box: %v", err)
	}
	for name, open := range map[string]func() (string, error){
		"another row":     func() (string, error) { return b.Open(sealed, "8") },
		"another purpose": func() (string, error) { return box(t, "locator", "one").Open(sealed, "7") },
		"no base64":       func() (string, error) { return b.Open("!", "7") },
		"empty":           func() (string, error) { return b.Open("", "7") },
		"cut":             func() (string, error) { return b.Open(sealed[:len(sealed)-4], "7") },
	} {
		if text, err := open(); !errors.Is(err, seal.ErrBroken) || text != "" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if _, err := seal.New("mail", "one", ""); err == nil {
		t.Error("an empty key is taken")
	}
	if text := fmt.Sprintf("%v %+v %#v", b, b, b); strings.Contains(text, "one") {
		t.Error(text)
	}
}

// FuzzOpen: nothing but what was sealed opens.
func FuzzOpen(f *testing.F) {
	b := box(f, "mail", "one")
	f.Add(b.Seal("text", "7"), "7")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, sealed, belongs string) {
		text, err := b.Open(sealed, belongs)
		if err == nil && (text != "text" || belongs != "7") {
			t.Errorf("%q opens as %q", sealed, text)
		}
	})
}
