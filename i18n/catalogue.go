package i18n

import (
	"errors"
	"fmt"
	"maps"
	"mime"
	"strings"
)

// maxFile is how many bytes of a catalogue are read; the largest of Django's has
// a hundred thousand.
const maxFile = 16 << 20

// catalogue contains the translations of one language. Keys are the English texts,
// behind their context and contextSeparator where they have one.
type catalogue struct {
	single map[string]string
	plural map[string]plurals
}

// plurals are the forms of a text that counts, and the rule of the file that
// they came from.
type plurals struct {
	forms []string
	rule  *rule
}

// contextSeparator stands between a context and a text, as in .mo files.
const contextSeparator = "\x04"

func newCatalogue() *catalogue {
	return &catalogue{map[string]string{}, map[string]plurals{}}
}

// override adds the translations of another catalogue, which take precedence.
func (c *catalogue) override(other *catalogue) {
	maps.Copy(c.single, other.single)
	maps.Copy(c.plural, other.plural)
}

// form is the translation for a number, or "" where there is none.
func (p *plurals) form(n int) string {
	if i := p.rule.index(n); i < len(p.forms) {
		return p.forms[i]
	}
	return ""
}

// builder fills a catalogue with what a file has.
type builder struct {
	*catalogue
	rule *rule // filled in by the header, which most files begin with
}

func newBuilder() *builder {
	r := germanic()
	return &builder{newCatalogue(), &r}
}

// add stores a translation; texts without one are left out.
func (b *builder) add(key string, counts bool, forms []string) error {
	if len(forms) > maxForms {
		return fmt.Errorf("%q has %d plural forms, at most %d", brief(key), len(forms), maxForms)
	}
	if strings.Join(forms, "") == "" {
		return nil
	}
	if counts {
		b.plural[key] = plurals{forms, b.rule}
	} else {
		b.single[key] = forms[0]
	}
	return nil
}

// header reads the fields that the translation of "" consists of.
func (b *builder) header(text string) error {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "content-type":
			if err := checkCharset(value); err != nil {
				return err
			}
		case "plural-forms":
			r, err := parseRule(value)
			if err != nil {
				return err
			}
			*b.rule = r
		}
	}
	return nil
}

func checkCharset(contentType string) error {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return fmt.Errorf("Content-Type: %w", err)
	}
	switch charset := strings.ToLower(params["charset"]); charset {
	case "", "utf-8", "utf8", "ascii", "us-ascii":
		return nil
	default:
		return fmt.Errorf("the charset is %q; convert the file to UTF-8 (msgconv --to-code=UTF-8)", brief(charset))
	}
}

var errNotUTF8 = errors.New("the text is not UTF-8; convert the file (msgconv --to-code=UTF-8)")

// brief shortens a text for an error.
func brief(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
