package browser_test

import (
	"strings"
	"testing"

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
	b.open("/accounts/login/")
	b.write("id_username", "ada")
	b.write("id_password", canary)
	b.click("main form > button")
	var paths []string
	for _, path := range strings.Fields(evaluate[string](b, `[...document.querySelectorAll('.menu a')].map(a => a.pathname).join(' ')`)) {
		paths = append(paths, strings.TrimPrefix(path, "/accounts/"))
	}
	if got := strings.Join(paths, " "); got != "profile/ name/ password_change/ email/ sessions/ language/ close/" {
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
