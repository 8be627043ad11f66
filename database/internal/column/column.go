// Package column decides which texts a column can hold. It is on floor 1, the database.
package column

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// ErrInvalid is that of the package database.
var ErrInvalid = errors.New("invalid value")

// Storable reports whether a text can be in a column at all. PostgreSQL makes an
// error of the others; here they are simply found nowhere.
func Storable(text string) bool {
	return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0
}

// Text is a text with the length of its column.
type Text struct {
	Name string
	Text string
	Max  int // characters; 0: no bound
}

// Of returns the text of a column with this name.
func Of(name, text string, most int) Text { return Text{Name: name, Text: text, Max: most} }

// Check refuses texts that a column cannot hold. SQLite would take them.
func Check(texts ...Text) error {
	for _, t := range texts {
		if !Storable(t.Text) {
			return fmt.Errorf("database: %s holds a NUL byte or no valid UTF-8: %w", t.Name, ErrInvalid)
		}
		if t.Max > 0 && len(t.Text) > t.Max && utf8.RuneCountInString(t.Text) > t.Max {
			return fmt.Errorf("database: %s is longer than %d characters: %w", t.Name, t.Max, ErrInvalid)
		}
	}
	return nil
}
