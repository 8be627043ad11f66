package browser_test

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// noteCached notes the path of a page that comes back as the browser kept it, before any script
// of the page hears of it.
const noteCached = `window.addEventListener('pageshow', e => { if (e.persisted) sessionStorage.kept = location.pathname }, true)`

// TestBackAfterLogout: who goes back after a logout sees nothing of the private page to which the
// login led, though the browser kept it whole.
func TestBackAfterLogout(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes some seconds")
	}
	s := newSite(t)
	s.addUser(t, "ada")
	for name, path := range map[string]string{"the profile": "/accounts/profile/", "the form for a password": "/accounts/password_change/"} {
		t.Run(name, func(t *testing.T) {
			b := newTab(t, s.base)
			b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
				_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: noteCached})
				return err
			}))
			b.open("/accounts/login/?next=" + path)
			b.write("id_username", "ada")
			b.write("id_password", canary)
			b.click("main form > button")
			b.click("form.logout button")
			b.want("/accounts/logout/", "You are logged out")
			evaluate[int](b, `(history.back(), 0)`)
			const there = "/accounts/login/?next="
			for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
				at, err := chromedp.Run(b.ctx, chromedp.Location())
				if err == nil && at == s.base+there+path {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("after going back: at %s (%v), want the login page", at, err)
				}
			}
			if kept := evaluate[string](b, `sessionStorage.kept || ""`); kept != path {
				t.Errorf("the browser kept %q, want %s: without that this test shows nothing", kept, path)
			}
		})
	}
}
