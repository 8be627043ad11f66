package views

import (
	"cmp"
	"log/slog"
	"net/http"
	"slices"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/safeurl"
)

// LanguageURL is where visitors choose a language.
const LanguageURL = Path + "language/"

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
	if len(p.languages) < 2 {
		return nil
	}
	all := slices.Clone(p.languages)
	for i := range all {
		all[i].Chosen = all[i].Code == p.Code()
	}
	return all
}

// Here is the address of the page itself, for the way back from the switch.
func (p *Page) Here() string {
	if p.request.Method == http.MethodPost && p.request.URL.Path == LogoutURL {
		return p.LoginURL // that page is only there after a POST
	}
	return requestinfo.Below(p.request, p.request.URL.RequestURI())
}

// nameLanguages gives the languages of the catalogues in the order of their names.
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

// language sets the cookie of the language that a visitor chose, and leads back.
// As in Django it is a cookie of the session of the browser, and what is no
// language of the site changes nothing. Django: set_language.
func (v *Views) language(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		v.showLanguages(w, r)
		return
	}
	b, err := readBody(w, r)
	if err != nil {
		v.fail(w, r, err)
		return
	}
	chosen := b[languageField].text
	known := slices.Contains(v.config.Languages.Languages(), chosen)
	if known {
		flow.Emit(r.Context(), "language.chosen", slog.String("language", chosen))
		http.SetCookie(w, &http.Cookie{Name: i18n.CookieName, Value: chosen, Path: requestinfo.Below(r, "/")})
	}
	switch {
	case negotiate.HTML(r):
		v.redirect(w, r, cmp.Or(v.next(r, b), requestinfo.Below(r, "/")))
	case known:
		sayJSON(w, http.StatusOK, map[string]string{"message": "Language chosen"})
	default:
		sentence := v.translator(w, r).T("Choose one of the languages.")
		sayJSON(w, http.StatusBadRequest, formError{sentence, map[string][]string{languageField: {sentence}}})
	}
}

// showLanguages answers a GET: with a page, or with the languages as JSON.
func (v *Views) showLanguages(w http.ResponseWriter, r *http.Request) {
	if negotiate.HTML(r) {
		v.Render(w, r, http.StatusOK, "language.html", LanguagePage{v.next(r, nil)})
		return
	}
	names := map[string]string{}
	for _, l := range v.languages {
		names[l.Code] = l.Name
	}
	sayJSON(w, http.StatusOK, map[string]any{"language": v.translator(w, r).Code(), "languages": names})
}

// LanguageURL is the address of the switch as a page of its own, for pages that
// are to have no form.
func (p *Page) LanguageURL() string {
	return withQuery(requestinfo.Below(p.request, LanguageURL), safeurl.RedirectFieldName, p.Here())
}
