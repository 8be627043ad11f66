package docsite

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// The bounds of a search.
const (
	maxQuery   = 200 // bytes
	maxWords   = 8
	maxResults = 30
	excerpt    = 180 // bytes of an excerpt, about
)

// What a word counts for, by where it is. A whole word counts for twice as much as its beginning.
const (
	inTitle   = 60 // of the page, for its beginning
	inHeading = 30
	ofPage    = 5 // of the page, for the other passages
	maxInText = 5
)

// passage is what stands below a heading of a page, down to the next one.
type passage struct {
	page *page
	heading
	text string
}

// hit is how often a word is in a passage, and where.
type hit struct {
	passage int
	score   int
}

// index knows the words of all passages.
type index struct {
	passages []passage
	words    []string // sorted
	hits     map[string][]hit
}

// newIndex reads all pages.
func newIndex(c *contents) *index {
	x := &index{hits: map[string][]hit{}}
	for _, p := range c.order {
		x.read(p)
	}
	for n, p := range x.passages {
		scores := map[string]int{}
		for _, word := range words(p.text) {
			scores[word] = min(scores[word]+1, maxInText)
		}
		for _, word := range words(p.Text) {
			scores[word] += inHeading
		}
		ofTitle := ofPage
		if p.ID == "" { // the beginning of the page stands for all of it
			ofTitle = inTitle
		}
		for _, word := range words(p.page.Title) {
			scores[word] += ofTitle
		}
		for word, score := range scores {
			x.hits[word] = append(x.hits[word], hit{n, score})
		}
	}
	for word := range x.hits {
		x.words = append(x.words, word)
	}
	slices.Sort(x.words)
	return x
}

// read cuts a page into passages.
func (x *index) read(p *page) {
	root := markdown().Parser().Parse(text.NewReader(p.source))
	headings, next := prepare(root, p.source), 0
	of := passage{page: p}
	var prose, code strings.Builder // code goes behind, since an excerpt of prose says more
	end := func() {
		of.text = strings.Join(strings.Fields(prose.String()+code.String()), " ")
		x.passages = append(x.passages, of)
		prose.Reset()
		code.Reset()
	}
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		switch h, isHeading := n.(*ast.Heading); {
		case isHeading && h.Level == 1:
		case isHeading:
			end()
			of, next = passage{page: p, heading: headings[next]}, next+1
		case n.Kind() == ast.KindFencedCodeBlock:
			write(&code, n, p.source)
		default:
			write(&prose, n, p.source)
		}
	}
	end()
}

// write writes all words of a node, each of its blocks apart.
func write(b *strings.Builder, n ast.Node, source []byte) {
	switch {
	case n.Kind() == ast.KindHTMLBlock:
	case n.FirstChild() != nil && n.FirstChild().Type() == ast.TypeBlock:
		for child := n.FirstChild(); child != nil; child = child.NextSibling() {
			write(b, child, source)
		}
	case n.Kind() == ast.KindFencedCodeBlock, n.Kind() == ast.KindCodeBlock:
		for i := range n.Lines().Len() {
			line := n.Lines().At(i)
			b.Write(line.Value(source))
		}
	default:
		b.WriteString(plainText(n, source))
		if n.Kind() == extast.KindTableCell {
			b.WriteString(" ·")
		}
	}
	b.WriteByte(' ')
}

// words are the words of a text in lower case: letters and digits. A flag is several.
func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !isWord(r) })
}

// clean returns a query that is not too long, in UTF-8, without what nobody sees.
func clean(query string) string {
	if len(query) > maxQuery {
		query = query[:maxQuery]
	}
	query = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(query, " "))
	return strings.Join(strings.Fields(query), " ")
}

// result is a passage that was found.
type result struct {
	Page    *page
	Heading heading
	Excerpt []piece
}

// URL is the address of the passage below Path.
func (r result) URL() string {
	if r.Heading.ID == "" {
		return r.Page.URL()
	}
	return r.Page.URL() + "#" + r.Heading.ID
}

// piece is a part of an excerpt.
type piece struct {
	Text string
	Hit  bool
}

// find returns the passages that have words which begin with those of the query, all of them, the
// best first.
func (x *index) find(query string) (all []result) {
	wanted := words(query)
	if len(wanted) == 0 {
		return nil
	}
	wanted = wanted[:min(len(wanted), maxWords)]
	total := x.scores(wanted[0])
	for _, word := range wanted[1:] {
		scores := x.scores(word)
		for n := range total {
			if scores[n] == 0 {
				delete(total, n)
				continue
			}
			total[n] += scores[n]
		}
	}
	order := make([]int, 0, len(total))
	for n := range total {
		order = append(order, n)
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(total[b], total[a]), cmp.Compare(a, b))
	})
	for _, n := range order[:min(len(order), maxResults)] {
		p := x.passages[n]
		all = append(all, result{p.page, p.heading, cut(p.text, wanted)})
	}
	return all
}

// scores returns what a word counts for in each passage that has it.
func (x *index) scores(word string) map[int]int {
	scores := map[int]int{}
	from, _ := slices.BinarySearch(x.words, word)
	for _, known := range x.words[from:] {
		if !strings.HasPrefix(known, word) {
			break
		}
		for _, h := range x.hits[known] {
			score := h.score
			if known == word {
				score *= 2
			}
			scores[h.passage] = max(scores[h.passage], score)
		}
	}
	return scores
}
