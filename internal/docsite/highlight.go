package docsite

import (
	"fmt"
	"go/scanner"
	"go/token"
	"html"
	"io"
	"regexp"
	"strings"
	"sync"
)

// The classes of the stylesheet.
const (
	comment = "c"
	quoted  = "s"
	keyword = "k"
	number  = "n"
	named   = "v" // a flag, a variable, a key
)

// grammar finds what stands out in a text of some language: each group of the expression is of
// the class with its number.
type grammar struct {
	expression func() *regexp.Regexp
	classes    []string
}

func rules(pairs ...string) grammar {
	var groups, classes []string
	for i := 0; i < len(pairs); i += 2 {
		classes, groups = append(classes, pairs[i]), append(groups, "("+pairs[i+1]+")")
	}
	return grammar{sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile("(?m)" + strings.Join(groups, "|"))
	}), classes}
}

// Parts of grammars.
const (
	quotes   = `"(?:\\.|[^"\\\n])*"|'[^'\n]*'`
	numbers  = `\b\d[\w.,]*\b`
	comments = `(?:^|[ \t])#.*$`
)

// settings are what the files of web servers and services share.
var settings = rules(comment, comments, keyword, `^\s*(?:\[[^]\n]*\]|</?[\w ./*:"^~-]+>|[\w.@-]+)`,
	quoted, quotes, named, `[$%]\{?\w+\}?`, number, numbers)

// grammars are those of the languages in the pages, but Go. The lexers of chroma, the usual
// library, would cost each start of each command 14 ms and 2.7 MB, and the binary 4.5 MB.
var grammars = map[string]grammar{
	"sh": rules(comment, comments, quoted, quotes,
		named, `\$\{?\w+\}?|(?:^|[ \t])--?[a-zA-Z][\w-]*|^[A-Z_]+=`,
		keyword, `^\s*(?:coatcheck|curl|sudo|go|python3?|docker|systemctl|for|do|done|if|then|fi|export)\b`),
	"sql": rules(comment, `--.*$`, quoted, quotes, number, numbers, keyword,
		`(?i)\b(?:select|from|where|and|or|not|null|insert|into|values|update|set|delete|create|alter|drop|`+
			`table|view|index|role|user|with|as|on|grant|to|in|join|left|order|by|limit|is|add|column|`+
			`primary|key|references|default)\b`),
	"json": rules(named, `"(?:\\.|[^"\\\n])*"\s*:`, quoted, quotes, number, `-?\b\d[\w.+-]*`, keyword,
		`\b(?:true|false|null)\b`),
	"python": rules(comment, comments, quoted, `"""[\s\S]*?"""|`+quotes, number, numbers, keyword,
		`\b(?:def|class|import|from|return|if|elif|else|for|while|in|not|and|or|is|None|True|False|with|as|`+
			`try|except|raise|lambda|pass)\b`),
	"js": rules(comment, `//.*$`, quoted, quotes+"|`[^`]*`", number, numbers, keyword,
		`\b(?:const|let|await|async|function|return|if|else|for|of|new|throw|true|false|null)\b`),
	"html": rules(comment, `<!--[\s\S]*?-->`, named, `\{\{[\s\S]*?\}\}`, keyword, `</?[\w-]+|/?>`,
		quoted, quotes),
	"yaml": rules(comment, comments, named, `^[ -]*[\w./-]+:`, quoted, quotes, number, numbers),
	"po":   rules(comment, `^#.*$`, keyword, `^msg\w+(?:\[\d\])?`, quoted, quotes),
	"dockerfile": rules(comment, comments, keyword, `^[A-Z]+\b`, quoted, quotes, named,
		`\$\{?\w+\}?|--[\w-]+`),
	"trace": rules(keyword, `^[A-Z]+ "[^"\n]*"`, named, `\b[\w-]+=`, number, `\b[\d.]+(?:µs|ms|s)\b`,
		comment, `^ +\d (?:Database|Session engine|Middleware|View|Access control)\b`),
	"apache": settings, "caddy": settings, "haproxy": settings, "ini": settings, "nginx": settings,
}

// highlight writes a text of a language as HTML, with what stands out in elements of a class.
func highlight(w io.Writer, language, text string) {
	if language == "go" {
		highlightGo(w, text)
		return
	}
	of, known := grammars[language]
	if !known {
		fmt.Fprint(w, html.EscapeString(text))
		return
	}
	done := 0
	for _, at := range of.expression().FindAllStringSubmatchIndex(text, -1) {
		for group, class := range of.classes {
			if from, to := at[2*group+2], at[2*group+3]; from >= 0 {
				fmt.Fprint(w, html.EscapeString(text[done:from]))
				mark(w, class, text[from:to])
				done = to
			}
		}
	}
	fmt.Fprint(w, html.EscapeString(text[done:]))
}

// highlightGo is highlight for Go, which the standard library reads.
func highlightGo(w io.Writer, text string) {
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(text))
	s.Init(file, []byte(text), func(token.Position, string) {}, scanner.ScanComments) // … is no Go, and fine
	done := 0
	for {
		at, kind, literal := s.Scan()
		if kind == token.EOF {
			break
		}
		class := ""
		switch {
		case kind == token.COMMENT:
			class = comment
		case kind == token.STRING, kind == token.CHAR:
			class = quoted
		case kind.IsLiteral() && kind != token.IDENT:
			class = number
		case kind.IsKeyword():
			class = keyword
		}
		from := file.Offset(at)
		if class == "" || from < done || !strings.HasPrefix(text[from:], literal) {
			continue // the text between is written with what comes next
		}
		fmt.Fprint(w, html.EscapeString(text[done:from]))
		mark(w, class, literal)
		done = from + len(literal)
	}
	fmt.Fprint(w, html.EscapeString(text[done:]))
}

// mark writes a text in an element of a class.
func mark(w io.Writer, class, text string) {
	fmt.Fprintf(w, `<span class="%s">%s</span>`, class, html.EscapeString(text))
}
