package browser_test

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestAccountMenu: the account pages lead to each other by one menu, which marks where the
// visitor is: at the side where there is room, and a strip that shows the present page elsewhere.
// The names of the site and of the person can be read in each.
func TestAccountMenu(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes some seconds")
	}
	s := newSite(t)
	s.addUser(t, "ada")
	b := newTab(t, s.base)
	b.live("Asia/Tokyo")
	b.open("/accounts/login/")
	if first := evaluate[int](b, weigh); first > 25_000 || first < 2000 {
		t.Errorf("the first page is %d bytes", first)
	}
	if got := evaluate[string](b, `performance.getEntriesByType('resource').filter(e => e.initiatorType === 'script').map(e => e.renderBlockingStatus).join()`); got != "non-blocking" {
		t.Errorf("the first paint waits for scripts: %q", got)
	}
	b.write("id_username", "ada")
	b.write("id_password", canary)
	b.click("main form > button")
	if got := evaluate[string](b, `[...document.querySelectorAll('main time')].map(e => e.textContent + ' ' + /GMT\+9$/.test(e.title)).join()`); got != "now true,now true" {
		t.Errorf("the times of the profile are %q", got)
	}
	var paths []string
	for _, path := range strings.Fields(evaluate[string](b, `[...document.querySelectorAll('.menu a')].map(a => a.pathname).join(' ')`)) {
		paths = append(paths, strings.TrimPrefix(path, "/accounts/"))
	}
	if got := strings.Join(paths, " "); got != "profile/ name/ password_change/ email/ two_factor/ sessions/ language/ close/" {
		t.Errorf("the menu leads to %s", got)
	}
	for _, path := range paths {
		b.open("/accounts/" + path)
		b.inspect("menu-" + strings.Trim(path, "/"))
		for _, width := range []int64{320, 375, 768, 1280} {
			b.do(chromedp.EmulateViewport(width, 740))
			b.open("/accounts/" + path)
			if got := evaluate[string](b, lookAtMenu); got != "/accounts/"+path {
				t.Errorf("%s, %d pixels: %s", path, width, got)
			}
			b.wantStill(path)
		}
	}
}

// lookAtMenu returns the path that the menu marks, or what is wrong with the look of the page.
const lookAtMenu = `(() => {
	const box = s => document.querySelector(s).getBoundingClientRect();
	for (const s of ['.brand span', '.who', '.logout button', '.menu [aria-current=page]']) {
		const at = box(s);
		if (at.width < 10 || at.height < 10 || at.left < 0 || at.right > innerWidth + 1) return s + ' cannot be seen';
	}
	const menu = box('.menu'), main = box('main');
	const beside = menu.right <= main.left, above = menu.bottom <= main.top;
	if (innerWidth > 1000 ? !beside : !above) return 'the menu is at the wrong place';
	return document.querySelector('.menu [aria-current=page]').pathname;
})()`

// weigh counts the bytes of the page and of what belongs to it, headers too.
const weigh = `['navigation', 'resource'].flatMap(t => performance.getEntriesByType(t)).reduce((n, e) => n + e.transferSize, 0)`

// wantStill checks that nothing moved on the page since it was first seen. A busy machine may paint
// a page of which a part has not come yet, so one that moved is looked at again: what moves by
// itself moves each time.
func (b *tab) wantStill(path string) {
	b.t.Helper()
	moved := b.moved()
	for range 2 {
		if moved == "" {
			return
		}
		b.open("/accounts/" + path)
		moved = b.moved()
	}
	if moved != "" {
		b.t.Errorf("%s: this moved: %s", path, moved)
	}
}

// moved returns the elements that moved on the page.
func (b *tab) moved() string {
	b.t.Helper()
	moved, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`new Promise(done => {
		let moved = '';
		new PerformanceObserver(list => {
			for (const e of list.getEntries()) for (const s of e.sources) moved += (s.node?.outerHTML ?? s.node?.data ?? '?').slice(0, 80) + ' ';
		}).observe({type: 'layout-shift', buffered: true});
		requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(moved))));
	})`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	return moved
}

// live has the tab in another time zone.
func (b *tab) live(zone string) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: zone})
		return err
	}))
}

// TestBusyButton: while a form is sent its button says so, and another press sends
// nothing; a page that the browser kept can be used again.
func TestBusyButton(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes some seconds")
	}
	b := newTab(t, newSite(t).base)
	b.open("/accounts/login/")
	// What would be sent is counted, and stays here.
	b.do(chromedp.Evaluate[chromedp.Void](`sent = 0; addEventListener('submit', e => { if (!e.defaultPrevented) sent++; e.preventDefault() })`))
	b.write("id_username", "ada")
	b.write("id_password", canary+"\r")
	b.do(chromedp.Click(chromedp.CSS("main form > button")))
	const state = `(() => { const b = document.querySelector('main form > button'); return b.innerText + ' ' + b.ariaDisabled })()`
	if got := evaluate[string](b, state); got != "Logging in… true" {
		t.Errorf("while the form is sent: %q", got)
	}
	if n := evaluate[int](b, `sent`); n != 1 {
		t.Errorf("the form was sent %d times", n)
	}
	b.inspect("login-busy")
	if got := evaluate[string](b, `dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true})), `+state); got != "Log in null" {
		t.Errorf("when the page comes back: %q", got)
	}
}
