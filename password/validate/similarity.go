package validate

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/pystr"
)

// Django's bounds of max_similarity.
const (
	defaultMaxSimilarity = 0.7
	leastMaxSimilarity   = 0.1
)

// UserAttributeSimilarity refuses passwords that resemble what is known of the
// user, or a word of it, with the code "password_too_similar". It takes time
// linear in password and attributes (CVE-2021-45115). Django:
// UserAttributeSimilarityValidator.
type UserAttributeSimilarity struct {
	// Attributes are looked at in this order; nil means "username",
	// "first_name", "last_name", "email". Django: user_attributes.
	Attributes []string
	// MaxSimilarity is what is too similar already: 1 is equal but for the order
	// of the characters, and above 1 nothing is refused. It is 0.7 when zero and
	// must not be below 0.1. Django: max_similarity.
	MaxSimilarity float64
	// VerboseNames are what the message calls attributes, by name. Those of
	// Django's user are known; others are called by their name with spaces for
	// underscores. Django: verbose_name.
	VerboseNames map[string]string
}

// userAttributes are Django's DEFAULT_USER_ATTRIBUTES.
var userAttributes = []string{"username", "first_name", "last_name", "email"}

// Check refuses a MaxSimilarity below 0.1, as Django does.
func (v UserAttributeSimilarity) Check() error {
	if v.MaxSimilarity != 0 && !(v.MaxSimilarity >= leastMaxSimilarity) {
		return errors.New("UserAttributeSimilarity.MaxSimilarity must be at least 0.1")
	}
	return nil
}

// Validate names the first attribute that is too similar.
func (v UserAttributeSimilarity) Validate(_ context.Context, password string, user Attributes) error {
	if len(user) == 0 {
		return nil
	}
	names := v.Attributes
	if names == nil {
		names = userAttributes
	}
	compared := newComparison(password, v.MaxSimilarity)
	for _, name := range names {
		if value := user[name]; value != "" && compared.withValue(pystr.Lower(value)) {
			called := v.verboseName(name)
			return &Error{
				Code:    "password_too_similar",
				Message: "The password is too similar to the " + called + ".",
				Params:  map[string]any{"verbose_name": called},
			}
		}
	}
	return nil
}

func (v UserAttributeSimilarity) verboseName(name string) string {
	if called, ok := v.VerboseNames[name]; ok {
		return called
	}
	if name == "email" {
		return "email address"
	}
	return strings.ReplaceAll(name, "_", " ")
}

// HelpText is "Your password can’t be too similar to your other personal
// information."
func (UserAttributeSimilarity) HelpText() string {
	return i18n.Mark("Your password can’t be too similar to your other personal information.")
}

// comparison compares one password with many texts. The password is put in
// lowercase and counted when the first text needs it, which is never the case
// where it is much longer than what is known of the user.
type comparison struct {
	raw    string
	least  int // characters of raw; lowercase is not shorter
	max    float64
	length int         // in characters
	counts *runeCounts // nil until both are known
}

func newComparison(raw string, max float64) *comparison {
	if max == 0 {
		max = defaultMaxSimilarity
	}
	return &comparison{raw: raw, least: utf8.RuneCountInString(raw), max: max}
}

// count computes the counts.
func (c *comparison) count() {
	if c.counts == nil {
		small := pystr.Lower(c.raw)
		c.length, c.counts = utf8.RuneCountInString(small), countRunes(small)
	}
}

// withValue reports whether the password is too similar to a value or one of its
// words, which are what Python's re.split(r"\W+") gives.
func (c *comparison) withValue(value string) bool {
	start, inWord := 0, true
	for i, r := range value {
		word := pystr.IsWord(r)
		switch {
		case word && !inWord:
			start = i
		case !word && inWord && c.with(value[start:i]):
			return true
		}
		inWord = word
	}
	last := ""
	if inWord {
		last = value[start:]
	}
	return c.with(last) || c.with(value)
}

// with reports whether the password is too similar to a text.
func (c *comparison) with(text string) bool {
	n := utf8.RuneCountInString(text)
	if tooShort(n, c.least, c.max) {
		return false
	}
	c.count()
	return !tooShort(n, c.length, c.max) && c.ratio(text, n) >= c.max
}

// tooShort reports of a text of n characters that it cannot matter beside a
// password of that length. What is too short stays so beside longer ones
// (Django: exceeds_maximum_length_ratio).
func tooShort(n, length int, max float64) bool {
	return length >= 10*n && float64(n) < max/2*float64(length)
}

// ratio is how many of the characters of both the password and a text of n
// characters are the other's too, wherever they are: from 0 to 1 (Python:
// difflib.SequenceMatcher.quick_ratio).
func (c *comparison) ratio(text string, n int) float64 {
	c.count()
	if c.length+n == 0 {
		return 1
	}
	return 2 * float64(c.counts.shared(text)) / float64(c.length+n)
}

// runeCounts specifies how often each character is in a text.
type runeCounts struct {
	ascii [utf8.RuneSelf]int
	other map[rune]int
	taken []rune // by shared, which gives them back
}

func countRunes(text string) *runeCounts {
	c := &runeCounts{other: map[rune]int{}}
	for _, r := range text {
		c.add(r, 1)
	}
	return c
}

func (c *runeCounts) add(r rune, n int) {
	if r < utf8.RuneSelf {
		c.ascii[r] += n
	} else {
		c.other[r] += n
	}
}

func (c *runeCounts) has(r rune) bool {
	if r < utf8.RuneSelf {
		return c.ascii[r] > 0
	}
	return c.other[r] > 0
}

// shared is how many characters of a text are among the counted ones, each as
// often as it was counted at most.
func (c *runeCounts) shared(text string) int {
	c.taken = c.taken[:0]
	for _, r := range text {
		if c.has(r) {
			c.add(r, -1)
			c.taken = append(c.taken, r)
		}
	}
	for _, r := range c.taken {
		c.add(r, 1)
	}
	return len(c.taken)
}
