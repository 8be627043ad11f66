package conformance_test

import (
	"math"
	"strings"
	"time"
	"unicode"

	"github.com/coatcheck/coatcheck/csrf"
	"github.com/coatcheck/coatcheck/internal/httptext"
)

func cookieDifferentials() []differential {
	return []differential{
		{name: "cookie_parse", makes: makeCookieHeader, own: func(_ *oracle, c fields) any {
			return httptext.ParseCookie(string(c["header"].([]byte)))
		}},
		{name: "set_cookie", makes: makeSetCookie, own: ownSetCookie, rules: []explanation{
			{
				id: "cookie-control-characters", before: "6", example: setCookieExample("a\tb", nil),
				matches: func(d difference) bool {
					return d.ownField("error") != nil && strings.ContainsFunc(d.text("value")+d.text("path")+d.text("domain"), unicode.IsControl)
				},
			},
			{
				id: "cookie-attribute-semicolon", example: attributeExample(";"),
				matches: func(d difference) bool {
					return d.ownField("error") != nil && strings.Contains(d.text("path")+d.text("domain"), ";")
				},
			},
			{
				id: "cookie-date-range", example: setCookieExample("a", 400_000_000_000),
				matches: func(d difference) bool {
					age, _ := d.c["max_age"].(int)
					line, _ := d.ownField("line").(string)
					return d.theirField("error") != nil && (age < -60_000_000_000 && strings.Contains(line, "01 Jan 0000") ||
						age > 240_000_000_000 && strings.Contains(line, "31 Dec 9999 23:59:59"))
				},
			},
		}},
		{name: "csrf_token", makes: makeCSRFToken, own: ownCSRFToken},
	}
}

func makeCookieHeader(g *generator) fields {
	if g.one(6) {
		return fields{"header": []byte(g.mutate(g.corpus("cookies", "parse_cookie", "header"), `"`, `\`, ";", "=", `\054`))}
	}
	name := func() string {
		return pick(g, "sessionid", "csrftoken", "a", "", "a b", "$Path", "ü", g.plainWord(3), g.word(3))
	}
	value := func() string {
		quoted := func() string {
			return pick(g, `\054`, `\"`, `\\`, `\400`, `\12`, `\377`, `\0011`, "\\\n", `\;`, `"`, "=", "a", g.word(2))
		}
		return pick(g, "", g.plainWord(8), g.word(5), `"`+g.join(5, quoted)+`"`, `"`+g.join(3, quoted), g.word(2)+`"x"`, "a=b")
	}
	pair := func() string { return pick(g, name()+"="+value(), name()+"="+value(), name()+" = "+value(), value()) }
	header := []byte(g.join(6, pair, ";", "; ", "; ", " ;", ";;", ","))
	for g.one(3) && len(header) > 0 { // no UTF-8 any more, perhaps
		header[g.IntN(len(header))] = byte(g.IntN(256))
	}
	return fields{"header": header}
}

func makeSetCookie(g *generator) fields {
	c := fields{
		"name": "sessionid", "value": pick(g, "", g.plainWord(32), g.word(6), g.corpus("cookies", "cookie_value", "value")),
		"max_age": pick[any](g, nil, 0, -1, 1, 1209600, 31449600, g.IntN(1<<40)-1<<39), "now": float64(g.IntN(4_000_000_000)) + float64(g.IntN(1000))/1000,
		"path": pick(g, "/", "/", "", "/app/", g.mutate("/path/")), "domain": pick(g, "", "example.com", ".example.com", g.mutate("example.com")),
		"samesite": pick(g, "Lax", "Lax", "", "strict", "NONE", "none", "Other", g.mutate("Lax")),
		"secure":   g.one(2), "httponly": g.one(2), "delete": g.one(8),
	}
	if g.one(3) {
		c["name"] = pick(g, "__Secure-x", "__Host-x", g.plainWord(6), g.mutate("csrftoken"), g.corpus("cookies", "cookie_name", "name"))
	}
	return c
}

func setCookieExample(value string, maxAge any) fields {
	return fields{
		"name": "a", "value": value, "max_age": maxAge, "now": oracleNow, "path": "/", "domain": "", "samesite": "",
		"secure": false, "httponly": false, "delete": false,
	}
}

func attributeExample(path string) fields {
	c := setCookieExample("a", nil)
	c["path"] = path
	return c
}

func ownSetCookie(_ *oracle, c fields) any {
	cookie := httptext.SetCookie{
		Name: c["name"].(string), Value: c["value"].(string), Path: c["path"].(string), Domain: c["domain"].(string),
		SameSite: c["samesite"].(string), Secure: c["secure"].(bool), HttpOnly: c["httponly"].(bool),
	}
	if age, ok := c["max_age"].(int); ok {
		cookie.MaxAge = &age
	}
	if c["delete"].(bool) {
		cookie = httptext.Deletion(cookie.Name, cookie.Path, cookie.Domain, cookie.SameSite)
	}
	line, err := cookie.String(instant(c["now"].(float64)))
	if err != nil {
		return failed(err)
	}
	return fields{"line": line}
}

// failed is the result of a side that refuses. The sides name their errors each
// in its own way, so that only counts where an oracle says so.
func failed(error) fields { return fields{"error": "refused"} }

func instant(seconds float64) time.Time {
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(part*1e9))
}

func makeCSRFToken(g *generator) fields {
	text := func(n int) string {
		return g.join(1, func() string {
			var b strings.Builder
			for range n {
				b.WriteByte(csrf.Alphabet[g.IntN(len(csrf.Alphabet))])
			}
			return b.String()
		})
	}
	cookie := pick(g, text(32), text(32), text(64), g.mutate(text(32)), g.mutate(text(64)), g.plainWord(70))
	token := pick(g, text(32), text(64), cookie, g.mutate(cookie), g.corpus("csrf", "unmask", "token"))
	masked := text(64)
	if secret, err := csrf.Parse(cookie); err == nil {
		masked = secret.Token() // another one each time, and none of Django's business
		token = pick(g, token, masked, secret.Text(), g.mutate(secret.Text()))
	}
	return fields{"cookie": cookie, "token": token, "masked": masked}
}

func ownCSRFToken(_ *oracle, c fields) any {
	say := func(err error) string {
		if err != nil {
			return err.Error()
		}
		return "ok"
	}
	secret, cookieErr := csrf.Parse(c["cookie"].(string))
	_, tokenErr := csrf.Parse(c["token"].(string))
	answer := fields{"cookie": say(cookieErr), "token": say(tokenErr)}
	if cookieErr == nil && tokenErr == nil {
		match, err := secret.Match(c["token"].(string))
		mine, mineErr := secret.Match(c["masked"].(string))
		answer["match"], answer["secret"], answer["mine"] = match && err == nil, secret.Text(), mine && mineErr == nil
	}
	return answer
}
