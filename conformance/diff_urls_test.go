package conformance_test

import (
	"strings"
	"unicode"

	"github.com/coatcheck/coatcheck/safeurl"
)

func urlDifferentials() []differential {
	return []differential{
		{name: "safe_url", makes: makeSafeURL, own: func(o *oracle, c fields) any {
			return fields{"safe": rulesFor(o.version).IsSafe(c["url"].(string), c["hosts"].([]string), c["https"].(bool))}
		}, rules: []explanation{
			{
				id: "safe-url-hidden-slashes", since: "6", example: fields{"url": "/\t//evil.example", "hosts": []string{}, "https": false},
				matches: func(d difference) bool {
					seen := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(d.text("url"))
					seen = strings.TrimLeftFunc(seen, func(r rune) bool { return r <= ' ' || unicode.IsSpace(r) })
					return d.theirField("safe") == true && d.ownField("safe") == false && strings.HasPrefix(seen, "///")
				},
			},
			otherUnicode("6", "", fields{"url": "\U00031350", "hosts": []string{}, "https": false}),
			otherUnicode("", "6", fields{"url": "\u2ffe", "hosts": []string{}, "https": false}),
		}},
		{name: "login_redirect", makes: makeLoginRedirect, own: func(_ *oracle, c fields) any {
			location, err := safeurl.LoginRedirect(c["next"].(string), c["login_url"].(string), c["field"].(string))
			if err != nil {
				return failed(err)
			}
			return fields{"location": location}
		}, rules: []explanation{
			loginWithoutHost("https:login/", func(theirs, own string) bool {
				return own != "" && !strings.HasPrefix(own, "/") &&
					(strings.Replace(theirs, ":///", ":", 1) == own || strings.Replace(own, ":////", "://", 1) == theirs)
			}),
			loginWithoutHost("////", func(theirs, own string) bool {
				return strings.HasPrefix(own, "////") && own[len("//"):] == theirs
			}),
		}},
	}
}

// loginWithoutHost: an older Python puts a login address of no host together
// again with other slashes.
func loginWithoutHost(example string, matches func(theirs, own string) bool) explanation {
	return explanation{
		id: "login-url-without-host", before: "6", example: fields{"next": "/", "login_url": example, "field": ""},
		matches: func(d difference) bool {
			theirs, _ := d.theirField("location").(string)
			own, _ := d.ownField("location").(string)
			return matches(theirs, own)
		},
	}
}

func rulesFor(version string) safeurl.Rules {
	switch {
	case version < "4":
		return safeurl.InsecureDjango32
	case version < "5":
		return safeurl.InsecureDjango42
	case version < "6":
		return safeurl.Django52
	}
	return safeurl.Newest
}

// otherUnicode: Go's Unicode knows characters that the Python of that Django does
// not, or the other way.
func otherUnicode(before, since string, example fields) explanation {
	return explanation{id: "unicode-version", before: before, since: since, example: example, matches: func(d difference) bool {
		unknown, _ := d.theirField("note:unassigned").(string)
		return strings.ContainsFunc(d.text("url"), func(r rune) bool {
			return strings.ContainsRune(unknown, r) != unicode.Is(unicode.Cn, r)
		})
	}}
}

func (g *generator) url() string {
	if g.one(5) {
		return g.mutate(g.corpus("safe_url", "safe", "url"), "/", "//", `\`, ":", "@", "\t", "\n", "[", "]", "?", "#", "%2f")
	}
	host := func() string {
		return pick(g, "testserver", "testserver", "TESTSERVER", "evil.example", "testserver:80", "user@testserver", "testserver@evil.example",
			"[::1]", "[::1]:80", "[v1.x]", "[1.2.3.4]", "[::1", "::1]", "test／server", "", g.word(6))
	}
	scheme := func() string {
		return pick(g, "", "", "", "http:", "https:", "HTTP:", "javascript:", "data:", "ftp:", "1x:", "h\tttp:", g.word(4)+":")
	}
	slashes := func() string { return pick(g, "", "/", "//", "//", "///", `\\`, `/\`, `\/`, "/\t/", "/\n//", "////") }
	piece := func() string {
		return pick(g, "/", "path", "?a=b", "#f", "//", `\`, "%2f", "..", ":", "@", "&next=/x", "+", g.word(3), strings.Repeat("x", g.IntN(1100)))
	}
	return pick(g, "", "", "", " ", "\x00", "\t", "\u00a0", "\u200b", "\x1f") + scheme() + slashes() + host() + g.join(4, piece) + pick(g, "", "", " ", "\n")
}

func makeSafeURL(g *generator) fields {
	return fields{
		"url":   g.url(),
		"hosts": pick(g, []string{}, []string{"testserver"}, []string{"testserver", "testserver:80", "[::1]"}, []string{"", "evil.example"}),
		"https": g.one(3),
	}
}

func makeLoginRedirect(g *generator) fields {
	login := pick(g, "/accounts/login/", "/accounts/login/", "/login/?next=/old&a=b", "/login/?a=%FF&a=2&;x#frag", "https://sso.example/in?x=1", "./login", "../x/")
	if g.one(3) {
		login = g.mutate(login, "?", "&", "=", "#", "next=", ";", "+", "%zz", "%c3%bc")
	}
	return fields{"next": pick(g, g.url(), "/private/", g.word(20)), "login_url": login, "field": pick(g, "next", "next", "", "to", "a b", g.word(4))}
}
