package i18n

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The limits of a plural expression. The longest of Django's has 270 bytes and
// is four deep.
const (
	maxExpression = 1000 // bytes; Python's gettext has the same
	maxDepth      = 100  // parentheses, negations and question marks in each other
	maxDigits     = 9    // of a number
	maxForms      = 10   // plural forms of a language; Arabic has six
)

var errDivision = errors.New("division by zero")

// rule is the header Plural-Forms: how many forms a language has, and which one
// belongs to a number.
type rule struct {
	forms int
	expr  *node
}

// germanic is the rule of a catalogue that has none, as in Python's gettext.
func germanic() rule {
	return rule{2, &node{op: "!=", a: &node{op: "n"}, b: &node{op: "number", value: 1}}}
}

// parseRule reads "nplurals=2; plural=(n != 1);".
func parseRule(header string) (rule, error) {
	var r rule
	for field := range strings.SplitSeq(header, ";") {
		name, value, _ := strings.Cut(field, "=")
		value = strings.TrimSpace(value)
		var err error
		switch strings.TrimSpace(name) {
		case "nplurals":
			if r.forms, err = strconv.Atoi(value); err == nil && (r.forms < 1 || r.forms > maxForms) {
				err = fmt.Errorf("nplurals is %d; it must be 1 to %d", r.forms, maxForms)
			}
		case "plural":
			r.expr, err = parseExpression(value)
		}
		if err != nil {
			return rule{}, fmt.Errorf("Plural-Forms: %w", err)
		}
	}
	if r.forms == 0 || r.expr == nil {
		return rule{}, errors.New(`Plural-Forms: want "nplurals=NUMBER; plural=EXPRESSION;"`)
	}
	return r, nil
}

// index is the form for a number. It is the first one where the expression
// divides by zero or leads to a form that the language does not have.
func (r *rule) index(n int) int {
	i, err := r.expr.eval(int64(n))
	if err != nil || i < 0 || i >= int64(r.forms) {
		return 0
	}
	return int(i)
}

// node is a part of an expression: "n", a "number", or an operator and what it
// applies to.
type node struct {
	op      string
	a, b, c *node
	value   int64
}

// eval computes as C does, where && and || and ? leave out what they do not need.
// Below zero it divides as Python does, downwards.
func (e *node) eval(n int64) (int64, error) {
	switch e.op {
	case "n":
		return n, nil
	case "number":
		return e.value, nil
	}
	a, err := e.a.eval(n)
	if err != nil {
		return 0, err
	}
	switch e.op {
	case "!":
		return truth(a == 0), nil
	case "?":
		if a != 0 {
			return e.b.eval(n)
		}
		return e.c.eval(n)
	case "&&":
		if a == 0 {
			return 0, nil
		}
	case "||":
		if a != 0 {
			return 1, nil
		}
	}
	b, err := e.b.eval(n)
	if err != nil {
		return 0, err
	}
	return operate(e.op, a, b)
}

func operate(op string, a, b int64) (int64, error) {
	switch op {
	case "&&", "||":
		return truth(b != 0), nil
	case "==":
		return truth(a == b), nil
	case "!=":
		return truth(a != b), nil
	case "<":
		return truth(a < b), nil
	case ">":
		return truth(a > b), nil
	case "<=":
		return truth(a <= b), nil
	case ">=":
		return truth(a >= b), nil
	case "+":
		return a + b, nil
	case "-":
		return a - b, nil
	case "*":
		return a * b, nil
	}
	if b == 0 {
		return 0, errDivision
	}
	quotient, rest := a/b, a%b
	if rest != 0 && (rest < 0) != (b < 0) {
		quotient, rest = quotient-1, rest+b
	}
	if op == "/" {
		return quotient, nil
	}
	return rest, nil
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// strength orders the operators that stand between two values.
var strength = map[string]int{
	"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, ">": 4, "<=": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6,
}

// parseExpression reads an expression of C of the one variable n.
func parseExpression(text string) (*node, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("the expression has %d bytes, at most %d", len(text), maxExpression)
	}
	p := &expressionParser{rest: text}
	p.next()
	e := p.choice()
	if p.err == nil && p.token != "" {
		p.unexpected()
	}
	if p.err != nil {
		return nil, p.err
	}
	return e, nil
}

// expressionParser reads tokens one ahead. After an error it sees the end.
type expressionParser struct {
	rest, token string
	depth       int
	err         error
}

func (p *expressionParser) next() {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	n := 0
	for n < len(p.rest) && '0' <= p.rest[n] && p.rest[n] <= '9' {
		n++
	}
	switch {
	case n > 0 || p.rest == "":
	case len(p.rest) > 1 && strings.Contains("&& || == != <= >=", p.rest[:2]) && p.rest[1] != ' ':
		n = 2
	case strings.ContainsRune("n?:<>+-*/%!()", rune(p.rest[0])):
		n = 1
	default:
		p.fail(fmt.Errorf("%q has no place in a plural expression", p.rest[:1]))
		return
	}
	p.token, p.rest = p.rest[:n], p.rest[n:]
}

func (p *expressionParser) fail(err error) {
	if p.err == nil {
		p.err = err
	}
	p.token, p.rest = "", ""
}

func (p *expressionParser) unexpected() {
	if p.token == "" {
		p.fail(errors.New("the plural expression ends too early"))
		return
	}
	p.fail(fmt.Errorf("unexpected %q in the plural expression", p.token))
}

func (p *expressionParser) expect(token string) {
	if p.token != token {
		p.unexpected()
		return
	}
	p.next()
}

// down counts how deep the parser is.
func (p *expressionParser) down() (up func()) {
	if p.depth++; p.depth > maxDepth {
		p.fail(errors.New("the plural expression is too deep"))
	}
	return func() { p.depth-- }
}

func (p *expressionParser) choice() *node {
	defer p.down()()
	e := p.binary(1)
	if p.token != "?" {
		return e
	}
	p.next()
	yes := p.choice()
	p.expect(":")
	return &node{op: "?", a: e, b: yes, c: p.choice()}
}

// binary reads operators of at least that strength.
func (p *expressionParser) binary(least int) *node {
	left := p.unary()
	for strength[p.token] >= least {
		op := p.token
		p.next()
		left = &node{op: op, a: left, b: p.binary(strength[op] + 1)}
	}
	return left
}

func (p *expressionParser) unary() *node {
	defer p.down()()
	switch token := p.token; {
	case token == "!":
		p.next()
		return &node{op: "!", a: p.unary()}
	case token == "(":
		p.next()
		e := p.choice()
		p.expect(")")
		return e
	case token == "n":
		p.next()
		return &node{op: "n"}
	case token != "" && token[0] >= '0' && token[0] <= '9':
		value, err := strconv.ParseInt(token, 10, 64)
		if err != nil || len(token) > maxDigits {
			p.fail(fmt.Errorf("the plural expression has a number of %d digits, at most %d", len(token), maxDigits))
			return nil
		}
		p.next()
		return &node{op: "number", value: value}
	}
	p.unexpected()
	return nil
}
