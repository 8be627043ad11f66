package browser_test

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"io"
	"sync"

	"github.com/chromedp/chromedp"
)

// axeFile is axe-core, which finds what keeps people with disabilities out of a
// page. See NOTICE.
//
//go:embed testdata/axe.min.js.gz
var axeFile []byte

var axe = sync.OnceValues(func() (string, error) {
	file, err := gzip.NewReader(bytes.NewReader(axeFile))
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(file)
	return string(text), err
})

// runAxe asks for the rules of WCAG 2.2, A and AA, and of pages, which emails are
// not, for best practices.
const runAxe = `axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa',
	...(location.protocol === 'data:' ? [] : ['best-practice'])]}).then(found =>
	JSON.stringify(found.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + v.help + ': ' + n.html.slice(0, 200)))))`

// audit lets axe look at the page. The debugger runs it, which no policy of the page
// forbids.
func (b *tab) audit(where string) {
	b.t.Helper()
	script, err := axe()
	if err != nil {
		b.t.Fatal(err)
	}
	if !evaluate[bool](b, `typeof axe === 'object'`) {
		evaluate[bool](b, script+"\n;true")
	}
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](runAxe, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	var violations []string
	if err := json.Unmarshal([]byte(text), &violations); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range violations {
		b.t.Errorf("%s: %s", where, v)
	}
}
