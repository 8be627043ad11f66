package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"

	"github.com/coatcheck/coatcheck/internal/testenv"
)

// envScreenshots names the folder into which TestBrowser puts a picture of every
// page in every look.
const envScreenshots = "COATCHECK_SCREENSHOTS"

// look is a way of seeing a page.
type look struct {
	name   string
	width  int64
	height int64
	scheme string
	axe    bool // also looks
}

var looks = []look{
	{"desktop-light", 1280, 800, "light", false},
	{"desktop-dark", 1280, 800, "dark", true},
	{"phone-light", 375, 740, "light", false},
	{"phone-dark", 375, 740, "dark", false},
	{"narrow-light", 320, 640, "light", true},
	{"narrow-dark", 320, 640, "dark", false},
}

// emailLooks are those of emails: a message's pane on a desktop, and a phone.
var emailLooks = []look{
	{"wide-light", 600, 800, "light", false},
	{"wide-dark", 600, 800, "dark", true},
	{"narrow-light", 320, 640, "light", true},
	{"narrow-dark", 320, 640, "dark", false},
}

// tab is the tab of a real browser, which has a profile of its own.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string // the address of the site
	dir  string // for screenshots, or empty
	hold bool   // do not inspect
	slim bool   // inspect in one look, the narrow one

	looks []look
}

// newTab starts a browser for the site at the address, with more options.
func newTab(t *testing.T, base string, more ...chromedp.ExecAllocatorOption) *tab {
	t.Helper()
	options := append([]chromedp.ExecAllocatorOption{chromedp.ExecPath(testenv.Chromium(t)), chromedp.NoSandbox},
		chromedp.DefaultExecAllocatorOptions[:]...)
	for _, flag := range []string{
		"disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync",
	} {
		options = append(options, chromedp.Flag(flag, true))
	}
	options = append(options, more...)
	ctx, cancel := context.WithTimeout(context.Background(), 9*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx, base: base, dir: os.Getenv(envScreenshots), looks: looks}
	if b.dir != "" {
		if err := os.MkdirAll(b.dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b.do(chromedp.EmulateViewport(1280, 800))
	b.watchLog()
	return b
}

// watchLog reports everything that the browser complains about as an error, in its log and
// among its issues: a violation of the content security policy first of all.
func (b *tab) watchLog() {
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, audits.Enable, cdp.Empty{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, log.Enable, cdp.Empty{})
		return err
	}))
	issues := chromedp.Events(b.ctx, audits.IssueAdded)
	go func() {
		for e, err := range issues {
			if err != nil {
				return
			}
			if slow := e.Issue.Details.PerformanceIssueDetails; slow != nil && slow.SourceCodeLocation.URL == "" {
				continue // a script of these tests
			}
			if g := e.Issue.Details.GenericIssueDetails; g != nil && g.ErrorType == "NavigationEntryMarkedSkippable" {
				continue // a passkey signed in before anybody touched the page
			}
			details, err := json.Marshal(e.Issue.Details)
			b.t.Errorf("the browser has an issue: %s %s %v", e.Issue.Code, details, err)
		}
	}()
	entries := chromedp.Events(b.ctx, log.EntryAdded)
	go func() {
		for e, err := range entries {
			if err != nil {
				return
			}
			if e.Entry.Source == log.EntrySourceSecurity || strings.Contains(e.Entry.Text, "Content Security Policy") {
				b.t.Errorf("the browser says: %s", e.Entry.Text)
			}
		}
	}()
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) open(path string) { b.t.Helper(); b.do(chromedp.Navigate(b.base + path)) }

// click clicks what the selector finds and waits for the next page.
func (b *tab) click(selector string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute) // where nothing follows
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		b.t.Fatalf("after a click on %s: %v", selector, err)
	}
}

func (b *tab) write(id, text string) {
	b.t.Helper()
	b.do(chromedp.SendKeys(chromedp.ID(id), text))
}

// want checks where the tab is and what its heading says.
func (b *tab) want(path, heading string) {
	b.t.Helper()
	at, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		b.t.Fatal(err)
	}
	h1, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS("h1")))
	if err != nil {
		b.t.Fatal(err)
	}
	if at != b.base+path || h1 != heading {
		b.t.Errorf("at %s with %q, want %s with %q", at, h1, path, heading)
	}
}

func evaluate[T any](b *tab, script string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// inspect looks at the page in every way: nothing may stick out at the side, all
// text must be readable, and axe must find nothing. The name is that of the
// screenshots.
func (b *tab) inspect(name string) {
	b.t.Helper()
	if b.hold {
		return
	}
	for _, l := range b.looks {
		if b.dir == "" && (!l.axe || b.slim && l.name != "narrow-light") {
			continue // between the two that are the farthest apart; for pictures
		}
		b.do(chromedp.EmulateViewport(l.width, l.height), prefer("prefers-color-scheme", l.scheme, "prefers-reduced-motion", "reduce"))
		b.staysInside(name + ", " + l.name)
		var faint []string
		if err := json.Unmarshal([]byte(evaluate[string](b, faintText)), &faint); err != nil {
			b.t.Fatal(err)
		}
		for _, text := range faint {
			b.t.Errorf("%s, %s: not enough contrast: %s", name, l.name, text)
		}
		if l.axe && !b.slim {
			b.audit(name + ", " + l.name)
		}
		if b.dir != "" {
			b.shoot(fmt.Sprintf("%s.%s.png", name, l.name))
		}
	}
	for _, width := range []int64{375, 768} {
		b.do(chromedp.EmulateViewport(width, 740))
		b.staysInside(fmt.Sprintf("%s, %d pixels", name, width))
	}
	b.do(chromedp.EmulateViewport(1280, 800))
}

// staysInside checks that nothing sticks out at the side.
func (b *tab) staysInside(name string) {
	b.t.Helper()
	if evaluate[bool](b, `document.documentElement.scrollWidth > document.documentElement.clientWidth`) {
		b.t.Errorf("%s: the page is wider than the window", name)
	}
}

func (b *tab) shoot(file string) {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.dir, file), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func prefer(pairs ...string) chromedp.Action[chromedp.Void] {
	var features []*emulation.MediaFeature
	for i := 0; i < len(pairs); i += 2 {
		features = append(features, &emulation.MediaFeature{Name: pairs[i], Value: pairs[i+1]})
	}
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		return err
	})
}

// faintText lists the texts whose contrast with what is behind them is below
// WCAG's AA, 4.5, and the borders of fields below 3 (1.4.3 and 1.4.11).
const faintText = `(() => {
	const rgba = s => { const m = s.match(/[\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m };
	const light = c => { const f = v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
		return .2126 * f(c[0]) + .7152 * f(c[1]) + .0722 * f(c[2]) };
	const contrast = (a, b) => { const x = light(a), y = light(b); return (Math.max(x, y) + .05) / (Math.min(x, y) + .05) };
	const behind = e => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] === 1) return c }
		return [255, 255, 255, 1] };
	const faint = [];
	for (const e of document.body.querySelectorAll('*')) {
		if (e.closest('svg') || !e.getClientRects().length) continue;
		const style = getComputedStyle(e), own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
		if (own && contrast(rgba(style.color), behind(e)) < 4.5) faint.push(e.textContent.trim().slice(0, 60));
		if (e.tagName === 'INPUT' && e.type !== 'hidden') {
			if (contrast(rgba(style.borderTopColor), behind(e.parentElement)) < 3) faint.push('border of ' + e.name);
			if (contrast(rgba(style.color), behind(e)) < 4.5) faint.push(e.name);
		}
	}
	return JSON.stringify(faint);
})()`
