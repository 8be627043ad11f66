package views_test

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// node is an element of a page; nil where there is none.
type node struct{ *html.Node }

// page parses a response, and checks what holds for every page: a title, one
// main heading, and labels and descriptions that lead somewhere.
func (a *answer) page(t testing.TB) node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(a.text))
	if err != nil {
		t.Fatal(err)
	}
	page := node{root}
	if a.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%s: Content-Type is %q", a.Request.URL.Path, a.Header.Get("Content-Type"))
	}
	if n := page.all("h1"); len(n) != 1 {
		t.Errorf("%s: %d h1", a.Request.URL.Path, len(n))
	}
	if page.one("title").text() == "" || page.one("html").attr("lang") == "" || page.one("html").attr("dir") == "" {
		t.Errorf("%s: no title or no language", a.Request.URL.Path)
	}
	if script := page.one("script"); page.one("style").Node != nil || script.Node != nil && (script.attr("src") == "" || script.text() != "") {
		t.Errorf("%s: has an inline style or script", a.Request.URL.Path)
	}
	checkFields(t, page)
	return page
}

func checkFields(t testing.TB, page node) {
	t.Helper()
	seen := map[string]bool{}
	for _, n := range page.all("") {
		if id := n.attr("id"); id != "" {
			if seen[id] {
				t.Errorf("the id %q is there twice", id)
			}
			seen[id] = true
		}
		for _, ban := range []string{"style", "onclick", "onload"} {
			if n.attr(ban) != "" {
				t.Errorf("<%s> has the attribute %s", n.Data, ban)
			}
		}
	}
	for _, label := range page.all("label") {
		if !seen[label.attr("for")] {
			t.Errorf("the label %q is for nothing", label.text())
		}
	}
	for _, input := range append(page.all("input"), page.all("select")...) {
		if input.attr("type") != "hidden" && !input.has("hidden") && page.where("label", "for", input.attr("id")).Node == nil {
			t.Errorf("the field %q has no label", input.attr("name"))
		}
		if input.attr("type") == "password" && input.attr("value") != "" {
			t.Error("a password is shown again")
		}
		for id := range strings.FieldsSeq(input.attr("aria-describedby")) {
			if !seen[id] {
				t.Errorf("the field %q is described by %q, which is not there", input.attr("name"), id)
			}
		}
	}
}

// all returns the elements with the tag, or all elements for "".
func (n node) all(tag string) []node {
	var found []node
	if n.Node == nil {
		return nil
	}
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && (tag == "" || d.Data == tag) {
			found = append(found, node{d})
		}
	}
	return found
}

// one returns the first element with the tag.
func (n node) one(tag string) node {
	for _, d := range n.all(tag) {
		return d
	}
	return node{}
}

// where returns the first element with the tag whose attribute has the value.
func (n node) where(tag, name, value string) node {
	for _, d := range n.all(tag) {
		if d.attr(name) == value && value != "" {
			return d
		}
	}
	return node{}
}

func (n node) attr(name string) string {
	if n.Node != nil {
		for _, a := range n.Attr {
			if a.Key == name {
				return a.Val
			}
		}
	}
	return ""
}

func (n node) has(name string) bool {
	if n.Node != nil {
		for _, a := range n.Attr {
			if a.Key == name {
				return true
			}
		}
	}
	return false
}

// text returns the text in an element, with single spaces.
func (n node) text() string {
	var b strings.Builder
	if n.Node != nil {
		for d := range n.Descendants() {
			if d.Type == html.TextNode {
				b.WriteString(d.Data)
			}
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// field returns an input of the page itself by its name, those of its foot left aside.
func (n node) field(name string) node {
	if main := n.one("main"); main.Node != nil {
		n = main
	}
	return n.where("input", "name", name)
}

// fieldError returns the sentences that describe a field as wrong: those in its list of rules, and
// those below it.
func (n node) fieldError(name string) string {
	var said []string
	for _, rule := range n.where("ul", "id", "id_"+name+"_help").all("li") {
		if rule.attr("class") == "broken" {
			said = append(said, rule.text())
		}
	}
	return strings.TrimSpace(strings.Join(append(said, n.where("p", "id", "id_"+name+"_error").text()), " "))
}

// alert returns the summary of the errors.
func (n node) alert() node { return n.where("div", "role", "alert") }

// wantNotice checks what the page says that was left for it by pages before, or that it says
// nothing.
func (a *answer) wantNotice(t testing.TB, want string) {
	t.Helper()
	if got := a.page(t).where("div", "class", "notices"); got.text() != want || want != "" && got.where("p", "class", "notice success").Node == nil {
		t.Errorf("%s: the notice is %q, want %q", a.Request.URL.Path, got.text(), want)
	}
}

// wantFilledIn checks that a login page has the name filled in, and the focus on the password.
func (a *answer) wantFilledIn(t testing.TB, name string) {
	t.Helper()
	page := a.page(t)
	if got := page.field("username").attr("value"); got != name || !page.field("password").has("autofocus") {
		t.Errorf("the login page has the name %q and the focus elsewhere, want %q", got, name)
	}
}
