package i18n

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// parsePO reads a catalogue as translators write it. Entries that are fuzzy,
// obsolete or empty are left out.
func parsePO(text string) (*catalogue, error) {
	if !utf8.ValidString(text) {
		return nil, errNotUTF8
	}
	p := &poReader{builder: newBuilder(), seen: map[string]bool{}}
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		number++
		if err := p.line(strings.TrimSpace(line)); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	if err := p.finish(); err != nil {
		return nil, fmt.Errorf("line %d: %w", number, err)
	}
	return p.catalogue, nil
}

// poReader contains the entry that is being read.
type poReader struct {
	*builder
	seen map[string]bool // keys

	fuzzy   bool
	part    string // what stood last: "", "msgctxt", "msgid", "msgid_plural", "msgstr"
	context []byte
	id      []byte
	inside  bool // has a context
	counts  bool // has a plural
	forms   [][]byte
	rest    *[]byte // what a further line goes on with
}

func (p *poReader) line(line string) error {
	switch {
	case line == "":
		return nil
	case line[0] == '#':
		return p.comment(line)
	}
	quote := strings.IndexByte(line, '"')
	if quote < 0 {
		return fmt.Errorf("%q is neither a comment nor has it a text in quotes", brief(line))
	}
	text, err := unquote(line[quote:])
	if err != nil {
		return err
	}
	if quote > 0 {
		if err := p.begin(strings.TrimSpace(line[:quote])); err != nil {
			return err
		}
	}
	if p.rest == nil {
		return errors.New("a text in quotes belongs to nothing")
	}
	*p.rest = append(*p.rest, text...)
	return nil
}

// comment ends an entry. It looks for the flag fuzzy, which is about the next
// one, unless that is obsolete.
func (p *poReader) comment(line string) error {
	if p.part == "msgstr" {
		if err := p.finish(); err != nil {
			return err
		}
	}
	switch {
	case strings.HasPrefix(line, "#~"):
		p.fuzzy = false
	case strings.HasPrefix(line, "#,"):
		for flag := range strings.SplitSeq(line[2:], ",") {
			p.fuzzy = p.fuzzy || strings.TrimSpace(flag) == "fuzzy"
		}
	}
	return nil
}

// begin goes on to the next part of an entry, or to the next entry.
func (p *poReader) begin(keyword string) error {
	if p.part == "msgstr" && (keyword == "msgctxt" || keyword == "msgid") {
		if err := p.finish(); err != nil {
			return err
		}
	}
	switch {
	case keyword == "msgctxt" && p.part == "":
		p.inside, p.rest = true, &p.context
	case keyword == "msgid" && (p.part == "" || p.part == "msgctxt"):
		p.rest = &p.id
	case keyword == "msgid_plural" && p.part == "msgid":
		p.counts, p.rest = true, new([]byte) // the text itself is in the program
	case keyword == "msgstr" && p.part == "msgid":
		p.addForm()
	case strings.HasPrefix(keyword, "msgstr[") && p.counts:
		if keyword != "msgstr["+strconv.Itoa(len(p.forms))+"]" || len(p.forms) == maxForms {
			return fmt.Errorf("%q is not the next plural form", brief(keyword))
		}
		p.addForm()
		keyword = "msgstr"
	default:
		return fmt.Errorf("%q has no place here", brief(keyword))
	}
	p.part = keyword
	return nil
}

func (p *poReader) addForm() {
	p.forms = append(p.forms, nil)
	p.rest = &p.forms[len(p.forms)-1]
}

// finish stores the entry, if there is one, and forgets it.
func (p *poReader) finish() error {
	if p.part == "" {
		return nil
	}
	if p.part != "msgstr" {
		return fmt.Errorf("the entry of %q has no msgstr", brief(string(p.id)))
	}
	defer func() { *p = poReader{builder: p.builder, seen: p.seen} }()
	key := string(p.id)
	if p.inside {
		key = string(p.context) + contextSeparator + key
	}
	if key == "" {
		return p.header(string(p.forms[0]))
	}
	if p.fuzzy {
		return nil
	}
	if p.seen[key] {
		return fmt.Errorf("%q is there twice", brief(key))
	}
	p.seen[key] = true
	forms := make([]string, len(p.forms))
	for i, form := range p.forms {
		forms[i] = string(form)
	}
	return p.add(key, p.counts, slices.Clip(forms))
}

// escapes are the letters that mean something behind a backslash.
var escapes = [256]byte{
	'n': '\n', 't': '\t', 'r': '\r', 'a': '\a', 'b': '\b', 'f': '\f', 'v': '\v', '\\': '\\', '"': '"', '\'': '\'', '?': '?',
}

// unquote reads a string of C that takes the whole text.
func unquote(text string) (string, error) {
	if len(text) < 2 || text[len(text)-1] != '"' {
		return "", fmt.Errorf("%s has no quote at its end", brief(text))
	}
	text = text[1 : len(text)-1]
	if !strings.ContainsAny(text, `"\`) {
		return text, nil
	}
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return "", fmt.Errorf("%q goes on behind a quote", brief(text))
		case c != '\\':
			b = append(b, c)
		case i+1 < len(text) && escapes[text[i+1]] != 0:
			i++
			b = append(b, escapes[text[i]])
		default:
			return "", fmt.Errorf("%q has a backslash that means nothing", brief(text))
		}
	}
	return string(b), nil
}
