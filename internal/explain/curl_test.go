package explain_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/coatcheck/coatcheck/internal/explain"
)

// TestCurl reads commands as browsers copy them.
func TestCurl(t *testing.T) {
	form := "application/x-www-form-urlencoded"
	for name, test := range map[string]struct {
		text string
		want explain.Copied
	}{
		"Chrome, bash": {
			"curl 'https://a.example/x?y=1' \\\n  -H 'accept: */*' \\\r\n  -b 'sessionid=k; csrftoken=s' \\\n  -H 'x-csrftoken: t' \\\n" +
				"  --data-raw $'a=it\\'s\\u0021\\x21\\n' --compressed",
			explain.Copied{
				Method: "POST", URL: "https://a.example/x?y=1", Body: "a=it's!!\n",
				Header: http.Header{
					"Accept": {"*/*"}, "Cookie": {"sessionid=k; csrftoken=s"}, "X-Csrftoken": {"t"}, "Content-Type": {form},
				},
			},
		},
		"Chrome, cmd": {
			"curl ^\"https://a.example/x?y=1^&z=2^\" ^\r\n  -H ^\"Cookie: sessionid=k^\" ^\r\n  --data-raw ^\"a=^\\^\"b^\\^\"^%^41^\"",
			explain.Copied{
				Method: "POST", URL: "https://a.example/x?y=1&z=2", Body: `a="b"%41`,
				Header: http.Header{"Cookie": {"sessionid=k"}, "Content-Type": {form}},
			},
		},
		"Firefox": {
			"curl 'http://localhost:8000/' -X DELETE -H 'Content-Type: application/json' --data-raw '{}'",
			explain.Copied{
				Method: "DELETE", URL: "http://localhost:8000/", Body: "{}", Header: http.Header{"Content-Type": {"application/json"}},
			},
		},
		"by hand": {
			`curl -sS -XPUT -ba=b -H "X: \"y\" \$" -da=1 -d b=2 --url a.example/p -e http://r/ -A me -u root:secret -o /dev/null -L -F c='d e'`,
			explain.Copied{
				Method: "PUT", URL: "http://a.example/p", Body: "a=1&b=2&c=d+e",
				Header: http.Header{
					"Cookie": {"a=b"}, "X": {`"y" $`}, "Content-Type": {form}, "Referer": {"http://r/"}, "User-Agent": {"me"},
				},
			},
		},
		"a jar":  {"curl -b jar https://a.example", explain.Copied{Method: "GET", URL: "https://a.example", Header: http.Header{}, JarFile: true}},
		"a head": {"curl -I https://a.example", explain.Copied{Method: "HEAD", URL: "https://a.example", Header: http.Header{}}},
		"get": {"curl -G -d a=b https://a.example", explain.Copied{
			Method: "GET", URL: "https://a.example", Body: "a=b", Header: http.Header{"Content-Type": {form}},
		}},
		"json": {`curl --json "{}" https://a.example`, explain.Copied{
			Method: "POST", URL: "https://a.example", Body: "{}", Header: http.Header{"Content-Type": {"application/json"}},
		}},
	} {
		got, err := explain.ParseCurl(test.text)
		if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	for _, text := range []string{
		"curl", "curl 'https://a.example", `curl "https://a.example`, "curl $'https://a.example", "curl -b", "curl -b hunter2=1",
		"curl ftp://hunter2.example/", "curl https://", "curl 'https://a.example/%zzhunter2'", "curl -X 'hunter2 x' https://a.example",
	} {
		if got, err := explain.ParseCurl(text); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

// FuzzCurl: no text breaks the parser, and what bash quotes comes back to the letter.
func FuzzCurl(f *testing.F) {
	f.Add("a=b; c='d'")
	f.Add("\\\n^\"$'`")
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = explain.ParseCurl(text)
		_, _ = explain.ParseCurl("curl http://a.example " + text)
		if strings.ContainsAny(text, "^\x00") || text == "" { // cmd's carets; bash has no NUL
			return
		}
		single := "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
		double := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(text) + `"`
		for _, quoted := range []string{single, double} {
			got, err := explain.ParseCurl("curl http://a.example/ --data-raw " + quoted + " -b a=b")
			if err != nil || got.Body != text || got.Header.Get("Cookie") != "a=b" {
				t.Errorf("%q as %s: %q, %v", text, quoted, got.Body, err)
			}
		}
	})
}

// TestTexts: what others chose does nothing to a terminal, and times are told in one unit.
func TestTexts(t *testing.T) {
	for text, want := range map[string]string{
		"anna": "anna", "Ünal": "Ünal", "a\x1b[2Jb": `a\x1b[2Jb`, "a\nb": `a\nb`, "\xff": `\xff`, "a\u202eb": `a\u202eb`,
		strings.Repeat("a", 300): strings.Repeat("a", 200) + "…",
	} {
		if got := explain.Shown(text); got != want {
			t.Errorf("%q is shown as %s", text, got)
		}
	}
	for d, want := range map[time.Duration]string{
		-3 * 24 * time.Hour: "3 days ago", 14*24*time.Hour - time.Second: "in 14 days", 24 * time.Hour: "in 1 day",
		-59 * time.Second: "1 minute ago", -time.Millisecond: "1 second ago", 90 * time.Minute: "in 1 hour", 0: "in 1 second",
	} {
		if got := explain.Distance(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}
