package views_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/views"
)

// contract is the document, and what of it real requests have shown.
type contract struct {
	t     *testing.T
	ops   map[string]object // by method and pattern, "POST /accounts/login/"
	in    schemas           // for what clients send
	out   schemas           // for what the server returns
	shown map[string]bool
}

func readContract(t *testing.T) *contract {
	t.Helper()
	var document object
	if err := json.Unmarshal(views.OpenAPI(), &document); err != nil {
		t.Fatal(err)
	}
	c := &contract{t, map[string]object{}, schemas{document, false}, schemas{document, true}, map[string]bool{}}
	for path, methods := range document["paths"].(object) {
		for method, operation := range methods.(object) {
			if method != "parameters" {
				c.ops[strings.ToUpper(method)+" "+path] = operation.(object)
			}
		}
	}
	return c
}

// get follows names and references from a node; nil where there is nothing.
func (c *contract) get(node object, names ...string) object {
	for _, name := range names {
		node, _ = node[name].(object)
		resolved, err := c.in.resolve(node)
		if err != nil {
			c.t.Fatal(err)
		}
		node = resolved
	}
	return node
}

// check compares a response with the operation: its status, headers and body.
func (c *contract) check(op string, a *answer) {
	c.t.Helper()
	status := strconv.Itoa(a.StatusCode)
	at := op + " " + status
	response := c.get(c.ops[op], "responses", status)
	if response == nil {
		c.t.Errorf("%s is not in the document: %.300s", at, a.text)
		return
	}
	c.shown[at] = true
	c.checkHeaders(at, c.get(response, "headers"), a)
	content := c.get(response, "content")
	if strings.HasPrefix(op, http.MethodHead) || len(content) == 0 {
		if len(content) > 0 || a.text != "" {
			c.t.Errorf("%s: there is a body, or one in the document: %.300s", at, a.text)
		}
		return
	}
	media := c.get(content, a.Header.Get("Content-Type"))
	var body any
	if err := json.Unmarshal([]byte(a.text), &body); err != nil || media == nil {
		c.t.Errorf("%s: %s %.300s", at, a.Header.Get("Content-Type"), a.text)
		return
	}
	for _, fault := range c.out.check(at, c.get(media, "schema"), body) {
		c.t.Error(fault)
	}
	c.remember(status, body)
}

// remember notes the sentences of a response, by which examples are known as real.
func (c *contract) remember(status string, body any) {
	for name, value := range body.(object) {
		switch name {
		case "error", "message", "reason":
			c.shown[status+": "+value.(string)] = true
		}
	}
}

// checkHeaders compares those headers that carry meaning with the document.
func (c *contract) checkHeaders(at string, described object, a *answer) {
	c.t.Helper()
	for _, name := range []string{"Set-Cookie", "Location", "Retry-After", "WWW-Authenticate"} {
		header, lines := c.get(described, name), a.Header.Values(name)
		switch {
		case header == nil && len(lines) > 0:
			c.t.Errorf("%s has the header %s, which is not in the document", at, name)
		case header != nil && len(lines) == 0 && header["required"] == true:
			c.t.Errorf("%s has no header %s", at, name)
		case len(lines) > 0:
			c.shown[at+" "+name] = true
		}
		for _, line := range lines {
			for _, fault := range c.in.check(at+" "+name, c.get(header, "schema"), line) {
				c.t.Error(fault)
			}
		}
	}
	if cache := a.Header.Get("Cache-Control"); a.StatusCode < 400 && !strings.Contains(cache, "no-store") {
		c.t.Errorf("%s may be cached: %q", at, cache)
	}
}

// send sends the request of a scene, changed by others, and checks the response.
func (c *contract) send(op string, s scene, changes ...func(*http.Request)) *answer {
	c.t.Helper()
	method, _, _ := strings.Cut(op, " ")
	r, err := http.NewRequestWithContext(c.t.Context(), method, s.client.site.URL+s.path, http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Accept", "application/json")
	for _, change := range changes {
		change(r)
	}
	a := s.client.send(r)
	c.check(op, a)
	return a
}

// as returns the scene's body as a form or as JSON.
func (s scene) as(kind string) func(*http.Request) {
	switch kind {
	case jsonType:
		text, err := json.Marshal(s.body)
		if err != nil {
			panic(err)
		}
		return withBody(kind, string(text))
	case formType:
		form := url.Values{}
		for name, value := range s.body {
			form.Set(name, fmt.Sprint(value))
		}
		return withBody(kind, form.Encode())
	}
	return func(*http.Request) {}
}

func withBody(kind, body string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Content-Type", kind)
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
}

func withHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// TestOpenAPI checks the document against the routes, and then every operation
// against real requests: there is no response that it does not describe, and it
// describes none that no request got.
func TestOpenAPI(t *testing.T) {
	c := readContract(t)
	stages := openStages(t)
	c.checkRoutes(stages)
	for _, op := range slices.Sorted(maps.Keys(c.ops)) {
		if scenes[op] == nil && !strings.HasPrefix(op, http.MethodHead) {
			t.Fatalf("%s has no scene in the test", op)
		}
	}
	for _, s := range stages {
		c.try(s)
	}
	c.tryOthers(stages[0], stages[1], stages[2])
	for _, s := range stages {
		c.tryRefused(s)
	}
	c.checkShown()
	c.checkExamples("", c.in.document)
	c.checkReferences()
}

// checkRoutes compares the operations with those that the sites have together.
func (c *contract) checkRoutes(stages []*stage) {
	c.t.Helper()
	found := map[string]bool{}
	for _, s := range stages {
		for _, r := range s.views.Routes() {
			for _, method := range r.Methods {
				op := method + " " + r.Pattern
				found[op] = true
				if c.ops[op] == nil {
					c.t.Errorf("%s is not in the document", op)
				} else if private := fmt.Sprint(c.ops[op]["security"]) == "[map[session:[]]]"; private != r.Private {
					c.t.Errorf("%s: private is %v, the document says %v", op, r.Private, private)
				}
			}
		}
	}
	ids := map[any]bool{}
	for op, operation := range c.ops {
		id := operation["operationId"]
		if !found[op] || id == nil || ids[id] || operation["summary"] == nil || operation["tags"] == nil || operation["security"] == nil {
			c.t.Errorf("%s is no route, or its operationId is there twice, or something is missing: %v", op, id)
		}
		ids[id] = true
		method, pattern, _ := strings.Cut(op, " ")
		if method == http.MethodGet && c.ops["HEAD "+pattern] == nil {
			c.t.Errorf("%s takes no HEAD", pattern)
		}
		for _, name := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(pattern, -1) {
			if !c.hasParameter(pattern, name[1]) {
				c.t.Errorf("%s: the parameter %s is not described", pattern, name[1])
			}
		}
	}
}

func (c *contract) hasParameter(pattern, name string) bool {
	path, _ := c.in.document["paths"].(object)[pattern].(object)
	list, _ := path["parameters"].([]any)
	return slices.ContainsFunc(list, func(p any) bool {
		parameter := c.get(object{"p": p}, "p")
		return parameter["name"] == name && parameter["in"] == "path" && parameter["required"] == true
	})
}

// checkShown finds what the document promises and no request showed.
func (c *contract) checkShown() {
	c.t.Helper()
	for op, operation := range c.ops {
		for status := range c.get(operation, "responses") {
			at := op + " " + status
			if !c.shown[at] {
				c.t.Errorf("%s: no request was answered so", at)
			}
			for name := range c.get(operation, "responses", status, "headers") {
				if !c.shown[at+" "+name] {
					c.t.Errorf("%s: no answer had the header %s", at, name)
				}
			}
		}
		for kind := range c.get(operation, "requestBody", "content") {
			if !c.shown[op+" "+kind] {
				c.t.Errorf("%s: no body was sent as %s", op, kind)
			}
		}
	}
}

// checkExamples checks every example against its schema, and its sentences against
// what the server said.
func (c *contract) checkExamples(place string, node any) {
	c.t.Helper()
	switch node := node.(type) {
	case []any:
		for _, item := range node {
			c.checkExamples(place, item)
		}
	case object:
		schema := c.get(node, "schema")
		if example, ok := node["example"]; ok && schema != nil {
			c.checkExample(place, schema, example)
		}
		examples := c.get(node, "examples")
		for name := range examples {
			if schema != nil {
				c.checkExample(place+"/"+name, schema, c.get(examples, name)["value"])
			}
		}
		if strings.HasSuffix(place, jsonType) && len(examples) == 0 {
			c.t.Errorf("%s has no example", place)
		}
		for name, child := range node {
			c.checkExamples(place+"|"+name, child)
		}
	}
}

func (c *contract) checkExample(place string, schema object, example any) {
	c.t.Helper()
	for _, fault := range c.out.check(place, schema, example) {
		c.t.Error(fault)
	}
	said, _ := example.(object)
	for _, name := range []string{"error", "message", "reason"} {
		if text, ok := said[name].(string); ok && !c.said(text) {
			c.t.Errorf("%s: no answer said %q", place, text)
		}
	}
}

func (c *contract) said(text string) bool {
	for at := range c.shown {
		if status, sentence, ok := strings.Cut(at, ": "); ok && len(status) == 3 && sentence == text {
			return true
		}
	}
	return false
}

// checkReferences finds components that nothing uses, and rules that the checker
// does not know.
func (c *contract) checkReferences() {
	c.t.Helper()
	used := map[string]bool{}
	var walk func(node any)
	walk = func(node any) {
		switch node := node.(type) {
		case []any:
			for _, item := range node {
				walk(item)
			}
		case object:
			if ref, ok := node["$ref"].(string); ok {
				used[ref] = true
				if _, err := c.in.find(ref); err != nil {
					c.t.Error(err)
				}
			}
			for _, child := range node {
				walk(child)
			}
		}
	}
	walk(c.in.document)
	for kind, components := range c.get(c.in.document, "components") {
		for name, component := range components.(object) {
			if ref := "#/components/" + kind + "/" + name; !used[ref] && kind != "securitySchemes" {
				c.t.Errorf("nothing uses %s", ref)
			}
			if kind == "schemas" {
				c.checkKeywords(name, component)
			}
		}
	}
}

func (c *contract) checkKeywords(place string, schema any) {
	c.t.Helper()
	node, ok := schema.(object)
	for keyword := range node {
		if _, known := keywords[keyword]; !known && keyword != "$ref" {
			c.t.Errorf("%s: the keyword %q is not known", place, keyword)
		}
	}
	for name, property := range c.get(node, "properties") {
		c.checkKeywords(place+"."+name, property)
	}
	if items := node["items"]; ok && items != nil {
		c.checkKeywords(place+"[]", items)
	}
	if others, is := node["additionalProperties"].(object); is {
		c.checkKeywords(place+".*", others)
	}
}
