package i18n

// Translator speaks one language. A nil one speaks English. It is safe for
// concurrent use.
//
// Texts have Django's placeholders, %(name)s for a text and %(name)d for a whole
// number; %% is a percent sign. Their values are given in pairs or in a
// map[string]any, or both:
//
//	t.T("Signed in as %(username)s.", "username", "ada")
//	t.T("Signed in as %(username)s.", map[string]any{"username": "ada"})
//
// Texts to which no values are given stay as they are, as in Python. A
// translation whose placeholders have no value is not shown, but the English
// text is; and where that has a placeholder without a value, it stays in the text.
//
// In the translations a text may have a context, which tells apart what English
// does not. Nothing is escaped: that is for the template.
type Translator struct {
	code        string // in Django's spelling
	tag         string // for HTML
	rightToLeft bool
	chain       []*catalogue // of the language and of those that stand for it
}

func newTranslator(code string) *Translator {
	return &Translator{code: code, tag: tag(code), rightToLeft: isRightToLeft(code)}
}

// Language is for the attribute lang of HTML: "de", "pt-BR" (BCP 47).
func (t *Translator) Language() string {
	if t == nil {
		return English
	}
	return t.tag
}

// Code is the language in Django's spelling, "pt-br": for the cookie
// [CookieName], and to be stored. Django: get_language.
func (t *Translator) Code() string {
	if t == nil {
		return English
	}
	return t.code
}

// Dir is for the attribute dir of HTML: "ltr", or "rtl" where a language is
// written from right to left. Django: get_language_bidi.
func (t *Translator) Dir() string {
	if t != nil && t.rightToLeft {
		return "rtl"
	}
	return "ltr"
}

// T translates a text. Django: gettext.
func (t *Translator) T(text string, args ...any) string {
	return say(t.find(text), text, args)
}

// C translates a text within a context, such as "May" among "month". Django:
// pgettext.
func (t *Translator) C(context, text string, args ...any) string {
	if t == nil || len(t.chain) == 0 {
		return say("", text, args)
	}
	return say(t.find(context+contextSeparator+text), text, args)
}

// N translates a text that depends on a number. The number is the value of the
// placeholder %(n)d, if args do not have another n. Django: ngettext.
func (t *Translator) N(singular, plural string, n int, args ...any) string {
	source := plural
	if n == 1 {
		source = singular
	}
	return say(t.findPlural(singular, n), source, append(args[:len(args):len(args)], "n", n))
}

// find returns a translation, or "".
func (t *Translator) find(key string) string {
	if t == nil {
		return ""
	}
	for _, c := range t.chain {
		if s := c.single[key]; s != "" {
			return s
		}
	}
	return ""
}

// findPlural returns the translation for a number, or "".
func (t *Translator) findPlural(key string, n int) string {
	if t == nil {
		return ""
	}
	for _, c := range t.chain {
		if p, ok := c.plural[key]; ok {
			if s := p.form(n); s != "" {
				return s
			}
		}
	}
	return ""
}

// say puts the values into the translation or, where there is none or it cannot
// have them, into the English text.
func say(translation, source string, args []any) string {
	if len(args) == 0 {
		if translation == "" {
			return source
		}
		return translation
	}
	if translation != "" {
		if s, ok := format(translation, args); ok {
			return s
		}
	}
	if s, ok := format(source, args); ok {
		return s
	}
	return source
}

// Mark returns a text that is translated later, by T. It tells anyone who
// collects the texts for translators that this is one. Django: gettext_noop.
func Mark(text string) string { return text }

// MarkC is [Mark] for a text within a context. It returns the text.
func MarkC(_, text string) string { return text }

// MarkN is [Mark] for a text that depends on a number.
func MarkN(singular, plural string) (string, string) { return singular, plural }
