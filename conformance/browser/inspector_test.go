package browser_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/inspector"
	"github.com/coatcheck/coatcheck/views"
)

// newInspected starts a site with an inspector.
func newInspected(t *testing.T) string {
	t.Helper()
	site := coatchecktest.NewSite(t, func(c *coatcheck.Config) { c.Site.Name = "The Shop" })
	i, err := inspector.New(inspector.Config{Kit: site.Views.Kit})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(inspector.DefaultPath, i)
	mux.Handle(views.Path, site.Views)
	mux.Handle("/{$}", site.Views.Home())
	server := httptest.NewServer(i.Record(site.Handler(site.Messages(mux))))
	t.Cleanup(server.Close)
	t.Cleanup(i.Close)
	return server.URL
}

// TestInspector walks the tour with one browser while another tab of it, the inspector, is never
// loaded anew; then it reads a request, and puts two side by side, by the keyboard too.
func TestInspector(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes some seconds")
	}
	base := newInspected(t)
	b := newTab(t, base)
	live := b.beside()
	live.open(inspector.DefaultPath)
	live.until("it is live", `document.getElementById('live').textContent === 'Live'`)
	live.inspect("inspector-empty")
	live.do(chromedp.Evaluate[chromedp.Void](`window.loadedOnce = true`))
	stops := func(n int) {
		t.Helper()
		live.until("stop "+strconv.Itoa(n), `document.querySelectorAll('#tour .seen').length === `+strconv.Itoa(n))
	}
	visitor := &journey{tab: b}
	visitor.open("/accounts/signup/")
	visitor.fill("username", "ada.lovelace", "email", "ada@example.com", "password", canary)
	stops(1)
	visitor.open("/accounts/login/")
	visitor.fill("username", "ada.lovelace", "password", canary)
	stops(3) // the profile came with the cookie
	live.inspect("inspector-live")
	live.click("#tour details[open] .button")
	live.until("the request without a cookie", `document.querySelector('.request .why code').textContent === 'home.shown'`)
	visitor.open("/accounts/profile/")
	live.open(inspector.DefaultPath)
	stops(5)
	visitor.open("/accounts/logout/")
	visitor.click("main form > button")
	stops(6)
	live.click("#tour details[open] .button")
	live.until("the old cookie", `document.querySelector('.request .why code').textContent === 'session.missing'`)
	stops(7)
	live.inspect("inspector-request")
	live.readAndCompare()
}

// readAndCompare opens a request of the list, and puts another beside it.
func (b *tab) readAndCompare() {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`window.loadedOnce = true`))
	row := `[...document.querySelectorAll('#list li')].find(r => r.textContent.includes('access.let_in'))`
	b.do(chromedp.Evaluate[chromedp.Void](row + `.querySelector('.what').focus()`))
	b.do(chromedp.SendKeys(chromedp.CSS(":focus"), "\r"))
	b.until("a request by the keyboard", `document.querySelector('.request .why code').textContent === 'access.let_in'
		&& document.activeElement.id === 'detail' && `+row+`.classList.contains('open')`)
	b.until("the row that was read", `[...document.querySelectorAll('.read dl > div')].some(d => d.innerText.replace(/\s+/g, ' ') === 'is_active true')`)
	b.inspect("inspector-rows")
	b.do(chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll('#list li')]
		.find(r => r.textContent.includes('session.missing')).querySelector('.beside').click()`))
	b.until("two side by side", `document.querySelectorAll('.pair .request').length === 2
		&& [...document.querySelectorAll('.steps .apart')].map(s => s.querySelector('.facts code').textContent).join() === 'session.loaded,session.missing'`)
	b.inspect("inspector-compare")
	b.do(chromedp.Evaluate[chromedp.Void](`history.back()`))
	b.until("one request again", `document.querySelectorAll('.request').length === 1`)
	if !evaluate[bool](b, `window.loadedOnce === true`) {
		b.t.Error("the page was loaded anew")
	}
	text := evaluate[string](b, `document.documentElement.outerHTML`)
	if strings.Contains(text, canary) {
		b.t.Error("the password is on the page")
	}
}

// beside is another tab of the same browser, which has the same cookies.
func (b *tab) beside() *tab {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	other := *b
	other.ctx = ctx
	other.do(chromedp.EmulateViewport(1280, 800))
	other.watchLog()
	return &other
}

// until waits until a condition holds in the page.
func (b *tab) until(what, condition string) {
	b.t.Helper()
	for end := time.Now().Add(20 * time.Second); !evaluate[bool](b, `Boolean(`+condition+`)`); {
		if time.Now().After(end) {
			b.t.Fatalf("waited in vain for %s: %s", what, evaluate[string](b, `document.body.innerText`))
		}
	}
}
