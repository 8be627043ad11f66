package docsite

import (
	"html"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/docs"
)

// TestRender: how each part of a page looks.
func TestRender(t *testing.T) {
	for name, c := range map[string]struct{ source, want string }{
		"a heading":           {"## A `x_y` & *b*, c!", `<h2 id="a-x_y--b-c">A <code>x_y</code> &amp; <em>b</em>, c! <a class="here" href="#a-x_y--b-c" aria-label="Link to: A x_y &amp; b, c!">#</a></h2>`},
		"the same again":      {"## A\n\n## A", `<h2 id="a-1">`},
		"a page":              {"[a](flow.md)", `<a href="flow">a</a>`},
		"a place of a page":   {"[a](flow.md#b)", `<a href="flow#b">a</a>`},
		"a place here":        {"[a](#b)", `<a href="#b">a</a>`},
		"the first page":      {"[a](README.md#learn)", `<a href="./#learn">a</a>`},
		"a file elsewhere":    {"[a](../flow/codes.go#L1)", `<a href="https://github.com/coatcheck/coatcheck/blob/main/flow/codes.go#L1">a</a>`},
		"another site":        {"[a](https://www.example.com/x.md)", `<a href="https://www.example.com/x.md">a</a>`},
		"a script":            {"[a](javascript:alert(1))", `<a href="">a</a>`},
		"HTML":                {"<b onclick=x>a</b>", `<p><!-- raw HTML omitted -->a<!-- raw HTML omitted --></p>`},
		"a picture":           {"![An account](images/account.png)", `<img src="images/account.png" alt="An account">`},
		"a table":             {"| a | b |\n|---|--:|\n| 1 | 2 |", `<td class="right">2</td>`},
		"an empty header":     {"| | a |\n|---|--:|\n| 1 | 2 |", "<td></td>\n" + `<th class="right">a</th>`},
		"a box of a table":    {"| a |\n|---|", `<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>`},
		"code":                {"```sh\ncurl -d 'a=<b>' # c\n```", `<pre tabindex="0" role="group" aria-label="Code, sh"><code><span class="k">curl</span><span class="v"> -d</span> <span class="s">&#39;a=&lt;b&gt;&#39;</span><span class="c"> # c</span>` + "\n</code></pre>"},
		"Go":                  {"```go\nreturn \"a\", 0x1 // c\n```", `<code><span class="k">return</span> <span class="s">&#34;a&#34;</span>, <span class="n">0x1</span> <span class="c">// c</span>`},
		"Go with an ellipsis": {"```go\nf(…)\nif x {\n```", "f(…)\n" + `<span class="k">if</span> x {`},
		"another language":    {"```cobol\nMOVE <A>\n```", `<code>MOVE &lt;A&gt;`},
	} {
		if got := string(render([]byte(c.source)).HTML); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// plain are the blocks without a grammar: Go, which has a scanner, and what commands print.
var plain = map[string]bool{"go": true, "explain": true, "doctor": true, "console": true, "text": true}

// TestHighlightKeepsText: of the code in the pages nothing is lost, and each language has a
// grammar.
func TestHighlightKeepsText(t *testing.T) {
	files, err := fs.Glob(docs.Files, "*.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	for _, file := range files {
		text, err := fs.ReadFile(docs.Files, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
			blocks++
			if _, known := grammars[block[1]]; !known && !plain[block[1]] {
				t.Errorf("%s: code in %s, which has no grammar", file, block[1])
			}
			if got := highlighted(block[1], block[2]); got != block[2] {
				t.Errorf("%s: %q became %q", file, block[2], got)
			}
		}
	}
	if blocks < 100 {
		t.Errorf("only %d blocks were found", blocks)
	}
}

// highlighted is the text of what highlight writes.
func highlighted(language, text string) string {
	var b strings.Builder
	highlight(&b, language, text)
	return html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(b.String(), ""))
}

// FuzzHighlight: no text of any language loses or wins a letter.
func FuzzHighlight(f *testing.F) {
	for language := range grammars {
		f.Add(language, "a = \"b\" # <c>\n-- 12 'd\n")
	}
	f.Add("go", "package a /* b \x00 `c\r\n`")
	f.Fuzz(func(t *testing.T, language, text string) {
		if strings.ContainsRune(text, '\x00') || len(text) > 4096 {
			t.Skip()
		}
		if got := highlighted(language, text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	})
}

// FuzzSearch: no query fails, and what is shown is words of the pages.
func FuzzSearch(f *testing.F) {
	contents := readContents(docs.Files)
	of := newIndex(contents)
	for _, query := range []string{"cookie", `<script>alert("x")</script>`, "--script-name", "ſeſſion İ K", "\xff\x00", strings.Repeat("a ", 200)} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		query = clean(query)
		if len(query) > maxQuery+2*maxWords {
			t.Errorf("%d bytes are left", len(query))
		}
		results := of.find(query)
		if len(results) > maxResults {
			t.Errorf("%d results", len(results))
		}
		for _, r := range results {
			text, hits := "", 0
			for _, piece := range r.Excerpt {
				if piece.Text != "… " && piece.Text != " …" {
					text += piece.Text
				}
				if piece.Hit {
					hits++
				}
			}
			if hits == 0 && len(r.Excerpt) > 0 && len(find(r.Page.Title+" "+r.Heading.Text, words(query))) == 0 {
				t.Errorf("%q finds %s, of which neither heading nor excerpt has a word", query, r.URL())
			}
			if !strings.Contains(passageOf(of, r), text) {
				t.Errorf("%q shows %q, which is not in %s", query, text, r.URL())
			}
		}
	})
}

// passageOf is the text of a passage that was found.
func passageOf(x *index, r result) string {
	for _, p := range x.passages {
		if p.page == r.Page && p.heading == r.Heading {
			return p.text
		}
	}
	return ""
}
