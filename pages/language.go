package pages

import (
	"cmp"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/safeurl"
)

// languageURL is where visitors choose a language.
const languageURL = Path + "language/"

// languageField is Django's name of the field that has the choice.
const languageField = "language"

// Language is a choice of the switch.
type Language struct {
	Code   string // in Django's spelling
	Tag    string // for HTML
	Name   string // in the language itself
	Chosen bool   // it is that of the page
}

// Languages are the choices of the switch, in their own names; none where there
// is but one.
func (p *Page) Languages() []Language {
	if len(p.kit.languages) < 2 {
		return nil
	}
	all := slices.Clone(p.kit.languages)
	for i := range all {
		all[i].Chosen = all[i].Code == p.Code()
	}
	return all
}

// Here is the address of the page itself, for the return URL from the switch.
func (p *Page) Here() string {
	if p.request.Method == http.MethodPost && p.Path() == p.LogoutURL {
		return p.LoginURL // that page is only there after a POST
	}
	return requestinfo.Below(p.request, p.request.URL.RequestURI())
}

// nameLanguages returns the languages of the catalogues in the order of their names.
func nameLanguages(c *i18n.Catalogues) []Language {
	var all []Language
	for _, code := range c.Languages() {
		all = append(all, Language{Code: code, Tag: c.Translator(code).Language(), Name: i18n.OwnName(code)})
	}
	slices.SortFunc(all, func(a, b Language) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// LanguagePage is what language.html shows.
type LanguagePage struct {
	Next string // where to go afterwards
}

// languagePage is the route of the switch, in the menu where there is a choice.
func (k *Kit) languagePage() Route {
	route := k.Page("set_language", languageURL, k.language, GETAndPOST...)
	if len(k.languages) < 2 {
		return route
	}
	return route.InMenu(i18n.Mark("Language"))
}

// language sets the cookie of the language that a visitor chose, and redirects back.
// As in Django what is no language of the site changes nothing. Django: set_language.
func (k *Kit) language(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		k.showLanguages(w, r)
		return
	}
	b, err := ReadBody(w, r)
	if err != nil {
		k.Fail(w, r, err)
		return
	}
	chosen := b[languageField].Text
	known := slices.Contains(k.config.Languages.Languages(), chosen)
	if known {
		flow.Emit(r.Context(), "language.chosen", slog.String("language", chosen))
		if err := k.keepLanguage(w, r, chosen); err != nil {
			k.Fail(w, r, err)
			return
		}
	}
	switch {
	case negotiate.HTML(r):
		k.Redirect(w, r, cmp.Or(k.Next(r, b), requestinfo.Below(r, "/")))
	case known:
		JSON(w, http.StatusOK, map[string]string{"message": "Language chosen"})
	default:
		sentence := k.Translator(w, r).T("Choose one of the languages.")
		JSON(w, http.StatusBadRequest, FormError{sentence, map[string][]string{languageField: {sentence}}})
	}
}

// keepLanguage sets the cookie. The error is one of its settings.
func (k *Kit) keepLanguage(w http.ResponseWriter, r *http.Request, code string) error {
	c := k.config.Languages.Cookie()
	cookie := httptext.SetCookie{
		Name: c.Name, Value: code, Path: cmp.Or(c.Path, requestinfo.Below(r, "/")), Domain: c.Domain,
		Secure: c.Secure, HttpOnly: c.HTTPOnly, SameSite: c.SameSite,
	}
	if seconds := int(c.Age / time.Second); seconds != 0 {
		cookie.MaxAge = &seconds
	}
	line, err := cookie.String(time.Now())
	if err == nil {
		w.Header().Add("Set-Cookie", line)
	}
	return err
}

// showLanguages responds to a GET: with a page, or with the languages as JSON.
func (k *Kit) showLanguages(w http.ResponseWriter, r *http.Request) {
	if negotiate.HTML(r) {
		k.Render(w, r, http.StatusOK, "language.html", LanguagePage{k.Next(r, nil)})
		return
	}
	names := map[string]string{}
	for _, l := range k.languages {
		names[l.Code] = l.Name
	}
	JSON(w, http.StatusOK, map[string]any{"language": k.Translator(w, r).Code(), "languages": names})
}

// LanguageURL is the address of the switch as a page of its own, for pages that
// are to have no form.
func (p *Page) LanguageURL() string {
	return WithQuery(requestinfo.Below(p.request, languageURL), safeurl.RedirectFieldName, p.Here())
}
