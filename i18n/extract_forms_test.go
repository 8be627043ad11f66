package i18n

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestCollect: every form of a call is found, in Go and in templates, and nothing
// else.
func TestCollect(t *testing.T) {
	tree := fstest.MapFS{
		"views/a.go": {Data: []byte(`package views

import "github.com/coatcheck/coatcheck/i18n"

var sayLater = i18n.Mark("marked")
var one, many = i18n.MarkN("one", "many")

func f(t *i18n.Translator, name string) {
	use(t.T("plain"), t.T("with "+"a value", "name", name), t.T(name), page.Lang().T("of a call"))
	use(t.N("singular", ("plu")+"ral", 3), t.N("lone", name, 3), t.C("context", ` + "`raw`" + `), t.Tx("not"), T("function"))
	use(i18n.MarkC("month", "May"), string("no"))
}
`)},
		"views/a_test.go":          {Data: []byte("package views\nvar x = i18n.Mark(\"in a test\")\n")},
		"examples/chi/main.go":     {Data: []byte("package main\nvar x = i18n.Mark(\"in an example\")\n")},
		"views/testdata/x.go":      {Data: []byte("no Go at all")},
		"views/testdata/page.html": {Data: []byte("{{.T")},
		"views/templates/page.html": {Data: []byte(`{{define "title"}}{{.T "title"}}{{end}}{{$page := .}}
{{if .A}}{{$.T "if"}}{{else if .B}}{{$page.T "else if" "n" 1}}{{else}}{{t "else"}}{{end}}
{{with (.T "with")}}{{.}}{{end}}{{range .X}}{{$.Page.T "range"}}{{else}}{{(index .L 1).T "chain"}}{{end}}
{{template "x" ($.T "argument")}}{{$.T .Name}}{{.Tx "not"}}{{printf "no" (.T "inner" "name" (.T "nested"))}}
{{$x := .T "assigned"}}{{.N "one day" "%(n)d days" .Count}}{{.C "month" "Jun"}}{{.T "piped" | printf "%s"}}
<a title="{{.T "a \"quoted\" text"}}">{{/* .T "comment" */}}`)},
		"accounts/mails/reset.txt": {Data: []byte(`{{.T "of a mail"}}`)},
	}
	used, err := collect(tree)
	if err != nil {
		t.Fatal(err)
	}
	want := []text{
		{"marked", false},
		{"one", true},
		{"plain", false},
		{"with a value", false},
		{"of a call", false},
		{"singular", true},
		{"context\x04raw", false},
		{"function", false},
		{"month\x04May", false},
		{"title", false},
		{"if", false},
		{"else if", false},
		{"else", false},
		{"with", false},
		{"range", false},
		{"chain", false},
		{"argument", false},
		{"inner", false},
		{"nested", false},
		{"assigned", false},
		{"one day", true},
		{"month\x04Jun", false},
		{"piped", false},
		{`a "quoted" text`, false},
		{"of a mail", false},
	}
	for _, w := range want {
		if used[w] == "" {
			t.Errorf("%q is not found", w.key)
		}
	}
	for got, file := range used {
		if !slices.Contains(want, got) {
			t.Errorf("%q was found in %s", got.key, file)
		}
	}
	if file := used[text{"of a mail", false}]; file != "accounts/mails/reset.txt" {
		t.Errorf("the file of a text is %q", file)
	}
}

// TestMarkTakesLiterals: a text that only the running program knows cannot be
// marked.
func TestMarkTakesLiterals(t *testing.T) {
	tree := fstest.MapFS{"views/a.go": {Data: []byte("package views\nvar x = i18n.Mark(name)\n")}}
	if _, err := collect(tree); err == nil || !strings.Contains(err.Error(), "views/a.go") {
		t.Errorf("got %v", err)
	}
}
