package coatcheck_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// A saying is a wording that readers understand at the second reading only, and what to
// write instead.
type saying struct {
	now    *regexp.Regexp
	better string
}

// glossary is the list of sayings that no text of the repository has. It only grows.
var glossary = []saying{
	say(`e-mails?|e-mailed|mails`, "email, emails"),
	say(`mail`, "email, unless it is the name of a package or a command"),
	say(`answer(s|ed|ing)?`, "response, responds with"),
	say(`small letters?`, "lowercase"),
	say(`blanks?`, "space"),
	say(`ways? back`, "return URL"),
	say(`strangers?`, "unknown client"),
	say(`outages?`, "failure of the store"),
	say(`made[ -]up`, "arbitrary"),
	say(`meanwhile`, "concurrently"),
	say(`other side`, "other application"),
	say(`under ?way`, "in flight"),
	say(`switched off`, "inactive, off"),
	say(`the own`, "its own"),
	say(`whoever`, "users who, an attacker who, anyone who"),
	say(`(says|tells|gives|say) whether`, "reports whether"),
	say(`and gives (the (number|path|reply|exit status)|its (path|address|token)|what it)`, "and returns"),
	say(`gives (back )?(an error|err[a-z]+)`, "returns"),
	say(`makes (no |a |the |its )?(sessions?|tables?|keys?|site)`, "creates"),
	say(`makes .{0,40}\bwhole`, "restores"),
	say(`(and|,) (its|their) company`, "and related flags"),
	say(`price for every door`, "uniform login cost"),
	say(`somebody was faster`, "that username was just taken"),
	say(`did not work`, "something went wrong, or what failed"),
	say(`that does not say what it is`, "unknown device"),
	say(`lead requests|to look at a link|who may guess`, "a sentence with a subject and an active verb"),
	say(`of any number of|by what the key`, "a sentence with a subject and an active verb"),
}

// These are about the first words of a sentence, of a doc comment and of a synopsis.
var (
	opening  = regexp.MustCompile(`(?:^|[.!:]\s+|\n\n\s*|\n- )(Who|Whether|That\s+(?:it|the|there|they|every|nobody)\b)\s[^.?]*[.?]`)
	verb     = regexp.MustCompile(`^\w+\s+(gives|makes|takes|tells|says|holds)\s`)
	synopsis = regexp.MustCompile(`^(?:Package|Command) \w+\s[^.]*\b(?:floors?|layer)\b`)
)

// verbs are what doc comments say instead of the verbs on the left.
var verbs = map[string]string{
	"gives": "returns", "makes": "creates, returns", "takes": "accepts",
	"tells": "reports", "says": "reports, returns", "holds": "contains, keeps",
}

// honest are the uses of words of the glossary that stay, each with its reason.
var honest = []struct {
	use    *regexp.Regexp
	reason string
}{
	{use(`an outage is never a logout`), "the promise of the README, by its name"},
	{use(`mail (servers?|programs?|clients?)`), "what everybody calls them"},
	{use(`package mail`), "the name of a package"},
	{use(`Mail and BaseURL|set Config\.Mail`), "the name of a field"},
	{use(`mail:|"mail"`), "the prefix of errors of package mail, the name of a group of flags"},
	{use(`(?-i:MAIL)`), "a command of SMTP"},
	{use(`cannot be blank`), "a sentence of Django's"},
	{use(`blank passwords aren't allowed`), "a sentence of Django's"},
	{use(`leave blank to use`), "a sentence of Django's"},
}

// TestWords holds the language: what readers see and what engineers read, comments too, has
// no word of the glossary, begins with what it is for, and has a subject.
func TestWords(t *testing.T) {
	faults, err := checkWords(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}

// A passage is a text that belongs together, and where it is.
type passage struct {
	line int
	text string
	doc  bool // the comment of a declaration, a package or a command
}

// checkWords returns the faults of a tree of files, in the order of the files.
func checkWords(tree fs.FS) (faults []string, err error) {
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if base := entry.Name(); name != "." && (strings.HasPrefix(base, ".") || base == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if name == "words_test.go" || !slices.Contains([]string{".go", ".md", ".html", ".txt", ".json"}, path.Ext(name)) {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		passages := []passage{{line: 1, text: string(text)}}
		if path.Ext(name) == ".go" {
			passages, err = readPassages(name, text)
		}
		for _, p := range passages {
			for _, fault := range p.faults() {
				faults = append(faults, name+":"+fault)
			}
		}
		return err
	})
	return faults, err
}

// readPassages returns the comments of a file, and its sentences if it is no test.
func readPassages(name string, text []byte) (all []passage, err error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	docs := map[*ast.CommentGroup]string{file.Doc: "Package"}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncDecl:
			docs[node.Doc] = node.Name.Name
		case *ast.GenDecl:
			docs[node.Doc] = firstName(node.Specs)
		case *ast.TypeSpec:
			docs[node.Doc] = node.Name.Name
		case *ast.ValueSpec:
			docs[node.Doc] = node.Names[0].Name
		case *ast.Field:
			for _, name := range node.Names {
				docs[node.Doc] = name.Name
			}
		case *ast.BasicLit:
			sentence := node.Kind == token.STRING && strings.Count(node.Value, " ") > 1
			if sentence && !strings.HasSuffix(name, "_test.go") {
				value, _ := strconv.Unquote(node.Value)
				all = append(all, passage{line: files.Position(node.Pos()).Line, text: value})
			}
		}
		return true
	})
	for _, group := range file.Comments {
		var b strings.Builder
		for _, comment := range group.List {
			line := strings.TrimPrefix(comment.Text, "//")
			if !strings.HasPrefix(line, "go:") {
				b.WriteString(strings.TrimPrefix(line, " "))
			}
			b.WriteByte('\n')
		}
		name, doc := docs[group]
		line := files.Position(group.Pos()).Line
		if rest, ok := strings.CutPrefix(b.String(), name); ok && name != "Package" {
			all = append(all, passage{line, hide(name) + rest, doc})
		} else {
			all = append(all, passage{line, b.String(), doc})
		}
	}
	return all, nil
}

// firstName returns the name of the first type or value of a declaration, "" for imports.
func firstName(specs []ast.Spec) string {
	for _, spec := range specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			return spec.Name.Name
		case *ast.ValueSpec:
			return spec.Names[0].Name
		}
	}
	return ""
}

// faults returns the line, the words and the better words of each fault.
func (p passage) faults() (all []string) {
	text := code.ReplaceAllStringFunc(p.text, hide)
	for _, h := range honest {
		text = h.use.ReplaceAllStringFunc(text, hide)
	}
	lower := strings.Map(lowerASCII, text)
	report := func(at int, words, better string) {
		line := p.line + strings.Count(text[:at], "\n")
		all = append(all, fmt.Sprintf("%d: %q, better: %s", line, strings.Join(strings.Fields(words), " "), better))
	}
	for _, s := range glossary {
		for _, m := range s.now.FindAllStringIndex(lower, -1) {
			if isProse(text, m[0], m[1]) {
				report(m[0], text[m[0]:m[1]], s.better)
			}
		}
	}
	for _, m := range opening.FindAllStringSubmatchIndex(text, -1) {
		if text[m[1]-1] == '.' {
			report(m[2], text[m[2]:m[3]]+" …", "a sentence whose subject is a noun: users who, an attacker who")
		}
	}
	if m := verb.FindStringSubmatchIndex(text); p.doc && m != nil {
		report(m[2], text[m[2]:m[3]], verbs[text[m[2]:m[3]]])
	}
	if m := synopsis.FindStringIndex(text); p.doc && m != nil {
		report(m[0], text[m[0]:m[1]], "first what the package is for, its floor last")
	}
	return all
}

// code is what is quoted: blocks, code, links to names.
var code = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`|(?m:^\t.*$)|\\[[\\w.]+\\]")

// hide returns as many lines and bytes as a text has, without its words.
func hide(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r > 127 {
			return r
		}
		return '_'
	}, text)
}

// isProse reports whether words stand by themselves, not within a name, a path or a flag.
func isProse(text string, start, end int) bool {
	const joins = "_/-=.@#$%"
	if start > 0 && isWord(text[start-1]) || end < len(text) && isWord(text[end]) {
		return false
	}
	if start > 0 && strings.ContainsRune(joins, rune(text[start-1])) {
		return start > 1 && text[start-1] == '-' && text[start-2] == '-' && start > 2 && text[start-3] != ' '
	}
	if end == len(text) || !strings.ContainsRune(joins+"(", rune(text[end])) {
		return true
	}
	return text[end] == '.' && (end+1 == len(text) || !isWord(text[end+1])) || text[end] == '-'
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// lowerASCII keeps the length of a text, unlike strings.ToLower.
func lowerASCII(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

// say returns a saying. A space of its words may be the end of a line.
func say(words, better string) saying {
	return saying{regexp.MustCompile(strings.ReplaceAll(words, " ", `\s+`)), better}
}

// use returns an honest use, found in any case.
func use(words string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)` + strings.ReplaceAll(words, " ", `\s+`))
}

// TestWordsFindsFaults: each rule of TestWords can fail, and each leaves names alone.
func TestWordsFindsFaults(t *testing.T) {
	for _, test := range []struct{ name, file, text, want string }{
		{"a comment", "a/a.go", "package a\n\n// It waits for the\n// answer.\n", `a/a.go:4: "answer", better: response`},
		{"across lines", "a/a.go", "package a\n\n// A login under\n// way.\n", `a/a.go:3: "under way", better: in flight`},
		{"a comment of a test", "a/a_test.go", "package a\n\n// No mails.\n", `a/a_test.go:3: "mails", better: email`},
		{"a sentence", "a/a.go", "package a\n\nvar s = \"the mail was sent\"\n", `a/a.go:3: "mail", better: email`},
		{"a page", "docs/a.md", "# A\n\nMeanwhile it runs.\n", `docs/a.md:3: "Meanwhile", better: concurrently`},
		{"a template", "a.html", "<p>An outage.</p>", `a.html:1: "outage", better: failure`},
		{"an email", "mails/a.txt", "Small\nletters only.", `mails/a.txt:1: "Small letters", better: lowercase`},
		{"a verb", "a/a.go", "package a\n\n// f gives nothing.\nfunc f() {}\n", `a/a.go:3: "gives", better: returns`},
		{"a synopsis", "a/a.go", "// Package a is on floor 0, the tools: it adds.\npackage a\n", `"Package a is on floor", better: first what`},
		{"who", "a.md", "Sorry.\nWho forgets it, loses it.", `a.md:2: "Who …", better: a sentence whose subject`},
		{"an end of a sentence", "a.md", "This is an answer.", `a.md:1: "answer"`},

		{"a name", "a/a.go", "package a\n\nimport _ \"a/mail\" // mail.Sender, docs/mail.md, --mail-from\n", ""},
		{"a sentence of a test", "a/a_test.go", "package a\n\nvar s = \"the mail was sent\"\n", ""},
		{"the name of a function", "a/a.go", "package a\n\n// mail sends.\nfunc mail() {}\n", ""},
		{"a word", "a/a.go", "package a\n\nvar s = \"mail\"\n", ""},
		{"code", "a.md", "Call `mail` or\n\n```sh\necho mails\n```\n", ""},
		{"a block of a comment", "a/a.go", "package a\n\n// So:\n//\n//\tmail it\n", ""},
		{"a promise", "a.md", "An outage is never a logout.", ""},
		{"a question", "a.md", "Sorry. Who forgets it?", ""},
		{"a synopsis with its floor last", "a/a.go", "// Package a adds. It is on floor 0.\npackage a\n", ""},
		{"data", "a/testdata/a.md", "Mails.", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			faults, err := checkWords(fstest.MapFS{test.file: {Data: []byte(test.text)}})
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(faults, "\n")
			if !strings.Contains(got, test.want) || (test.want == "") != (got == "") || len(faults) > 1 {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}
