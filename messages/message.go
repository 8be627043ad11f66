package messages

import (
	"html/template"
	"strings"
)

// Level is how important a message is. A program may have levels of its own in between.
type Level int

// Django's levels.
const (
	LevelDebug   Level = 10
	LevelInfo    Level = 20
	LevelSuccess Level = 25
	LevelWarning Level = 30
	LevelError   Level = 40
)

// levelTags are Django's names of its levels (Django: DEFAULT_TAGS).
var levelTags = map[Level]string{
	LevelDebug: "debug", LevelInfo: "info", LevelSuccess: "success", LevelWarning: "warning", LevelError: "error",
}

// Message is one notice.
type Message struct {
	Level Level
	Text  string
	// ExtraTags are words for the page's CSS classes, separated by spaces.
	ExtraTags string
	// Safe means that Text is HTML, from nobody but the program (Django: mark_safe).
	Safe bool
	// LevelTag is the name of the level, which Take fills in (Django: level_tag).
	LevelTag string
}

// Tags are ExtraTags and LevelTag, for a CSS class (Django: tags).
func (m Message) Tags() string { return strings.TrimSpace(m.ExtraTags + " " + m.LevelTag) }

// HTML is the text for a page: as it is where it is Safe, and else escaped.
func (m Message) HTML() template.HTML {
	if m.Safe {
		return template.HTML(m.Text)
	}
	return template.HTML(template.HTMLEscapeString(m.Text))
}
