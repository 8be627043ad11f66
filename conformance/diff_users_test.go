package conformance_test

import (
	"errors"

	"github.com/coatcheck/coatcheck/identity"
	"github.com/coatcheck/coatcheck/internal/pystr"
)

func userDifferentials() []differential {
	return []differential{
		{name: "username", makes: makeUsername, own: ownUsername, rules: []explanation{
			newerUnicode(fields{"text": "\U00031350"}),
		}},
		{name: "email", makes: makeEmail, own: func(_ *oracle, c fields) any {
			text := c["text"].(string)
			return fields{"normal": identity.NormalizeEmail(text), "valid": identity.ValidEmail(text)}
		}},
	}
}

// newerUnicode: internal/pystr knows characters that the Python of that Django
// does not.
func newerUnicode(example fields) explanation {
	return explanation{id: "unicode-version", before: "6", example: example, matches: func(d difference) bool {
		unknown, _ := d.theirField("note:unassigned").(string)
		return unknown != ""
	}}
}

func makeUsername(g *generator) fields {
	switch g.IntN(5) {
	case 0:
		return fields{"text": g.mutate(g.corpus("usernames", "username", "input"))}
	case 1:
		return fields{"text": g.mutate(g.corpus("usernames", "casemap", "input"))}
	case 2:
		return fields{"text": g.word(200)}
	}
	return fields{"text": g.word(8)}
}

func ownUsername(_ *oracle, c fields) any {
	text := c["text"].(string)
	answer := fields{
		"normal": identity.NormalizeUsername(text), "valid": identity.ValidUsername(text), "ascii": identity.ValidASCIIUsername(text),
		"fold": pystr.Casefold(pystr.NFKC(text)),
	}
	clean, err := identity.CleanLoginName(text)
	answer["clean"] = clean
	var field *identity.FieldError
	if errors.As(err, &field) {
		answer["clean"], answer["code"] = "", field.Code
	}
	return answer
}

func makeEmail(g *generator) fields {
	if g.one(3) {
		return fields{"text": g.mutate(g.corpus("usernames", "email_validator", "input"), "@", ".", "-", `"`, "[", "]", "\n")}
	}
	local := func() string {
		return pick(g, "a", "anna.b", `"quoted part"`, `"a\"b"`, "x+y", "!#$%&'*+-/=?^_`{}|~", g.word(6), g.plainWord(60))
	}
	label := func() string {
		return pick(g, "example", "a-b", "xn--bcher-kva", "bücher", "-x", "x-", "1", g.word(4), g.plainWord(70))
	}
	domain := func() string {
		return pick(g, g.join(4, label, ".", ".", "..")+pick(g, ".com", ".ORG", ".c", ".123", ".xn--p1ai", "", ".рф", ".com."), "localhost",
			"[127.0.0.1]", "[::1]", "[256.0.0.1]", "[1.2.3]", "[IPv6:::1]", "[::ffff:1.2.3.4]", "LOCALHOST", "["+g.plainWord(4)+"::"+g.plainWord(3)+"]")
	}
	return fields{"text": pick(g, "", "", "", " ") + local() + pick(g, "@", "@", "@", "@", "@@", "") + domain() + pick(g, "", "", "", "\n")}
}
