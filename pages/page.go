package pages

import (
	"cmp"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/brand"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/safeurl"
)

// Page is what templates get: the site and the visitor, and in Data what
// belongs to the page, such as a *Form. The methods T, N and C of the translator
// give every text in the visitor's language.
type Page struct {
	*i18n.Translator
	SiteName   string
	Stylesheet string       // its address
	Script     string       // its address; pages work without it
	Style      template.CSS // the stylesheet itself, on a page that stands alone; else empty
	Icon       template.URL // of the tab
	Logo       *brand.Logo  // its size, and whether the name of the site is in it; nil for none
	LogoURL    template.URL // the address of the logo; empty where a page cannot show it
	Support    string       // where visitors get help, a URL with https or mailto; empty for nowhere
	SignupURL  string       // empty where nobody may sign up
	LoginURL   string
	LogoutURL  string
	ProfileURL string
	Data       any

	request *http.Request
	status  int
	header  http.Header // of the response
	kit     *Kit
	failure error // of finding out who the visitor is
}

// URL returns the address of a page by the name of its route, "sessions" for
// instance, or nothing where the site has no such page. Django: {% url %}.
func (p *Page) URL(name string) string { return p.kit.URL(p.request, name) }

// Home is the address of the site's first page.
func (p *Page) Home() string { return requestinfo.Below(p.request, "/") }

// User is the visitor. A page that does not ask for it costs no query.
func (p *Page) User() (*auth.User, error) {
	user, err := auth.UserFromContext(p.request.Context())
	if err != nil {
		p.failure = err
	}
	return user, err
}

// CSRFToken is what a form that posts must send along as csrfmiddlewaretoken, or
// empty where the site needs none.
func (p *Page) CSRFToken() (string, error) {
	token, err := middleware.CSRFToken(p.request)
	if err != nil {
		p.failure = err
	}
	return token, err
}

// fillIn returns a form what it takes from the request. The error is a failure of the store.
func (p *Page) fillIn(f *Form) error {
	f.Check, f.Strength = p.T("Please check:"), [3]string{p.T("Weak"), p.T("Fair"), p.T("Strong")}
	f.CheckURL = p.URL("password_check")
	f.Reveal, f.Busy = p.T("Show password"), cmp.Or(f.Busy, p.T("One moment…"))
	if f.Own {
		user, err := p.User()
		if err != nil {
			return err
		}
		f.Username = user.Username
	}
	token, err := p.CSRFToken()
	f.CSRFToken = token
	return err
}

// With adds the return URL to the address of another page.
func (p *Page) With(target, next string) string {
	return WithQuery(target, safeurl.RedirectFieldName, next)
}

// Path is the path of the request, as the client knows it.
func (p *Page) Path() string { return requestinfo.Below(p.request, p.request.URL.Path) }

// Title is what stands in the title of the window: "Error:" goes before the text
// where the form of the page is wrong, so that it is the first thing to be heard.
func (p *Page) Title(text string) string {
	if form, ok := p.Data.(interface{ Failed() bool }); ok && form.Failed() {
		return p.T("Error: %(title)s", "title", text)
	}
	return text
}

// gap stands for the value of a placeholder that is to be put in later.
const gap = "\ufffc"

// Gap is the value of a placeholder whose real one has a look of its own:
//
//	{{.InBold (.T "You are signed in as %(username)s." "username" .Gap) $user.Username}}
func (p *Page) Gap() string { return gap }

// InBold puts the value into the gap of a text, in bold.
func (p *Page) InBold(text, value string) template.HTML {
	return fill(text, `<strong dir="auto">`, value, "</strong>")
}

// InCode puts the value into the gap of a text, as code.
func (p *Page) InCode(text, value string) template.HTML {
	return fill(text, `<code dir="ltr">`, value, "</code>")
}

// fill escapes text and value, and puts the one into the other.
func fill(text, open, value, end string) template.HTML {
	before, after, found := strings.Cut(text, gap)
	if !found {
		return template.HTML(template.HTMLEscapeString(text))
	}
	escape := template.HTMLEscapeString
	return template.HTML(escape(before) + open + escape(value) + end + escape(after))
}

// Moment is a time for machines (RFC 3339), in words, and exactly. The template
// "moment" shows it.
type Moment struct{ Machine, Words, Exact string }

// Moment returns a time in UTC and in the visitor's language: how long ago it was, if that is less
// than 30 days, and exactly. The script puts it into the visitor's zone.
func (p *Page) Moment(at time.Time) Moment {
	at, now := at.UTC(), time.Now().UTC()
	words, exact := p.Relative(at, now), p.Time(at)
	if words == exact {
		words += " UTC"
	}
	return Moment{at.Format(time.RFC3339), words, exact + " UTC"}
}
