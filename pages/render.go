package pages

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/locale"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/middleware"
)

// Render responds with a page in the layout of the site: one of ours, such as
// "home.html", or a file that Config.Templates adds. The page gets a *Page, whose Data is
// data; a *Form also gets its token. It has the visitor's language, user, navigation and
// CSRF token wherever the middleware of the site is around the handler. Headers are the
// handler's, but for Content-Type, Content-Length and Vary.
//
// An unknown name or a template that fails gives 500, and the log says why. If the store
// fails while the page asks for the user, the response is 503. Django: render.
func (k *Kit) Render(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	t, ok := k.templates[name]
	if !ok {
		k.broken(w, r, fmt.Errorf("pages: there is no page %q; there are %s", name,
			strings.Join(k.pages(), ", ")))
		return
	}
	page := &Page{
		Translator: k.Translator(w, r), SiteName: k.config.SiteName, Data: data,
		Stylesheet: requestinfo.Below(r, k.style.url), Script: requestinfo.Below(r, k.script.url),
		LoginURL: k.LoginURL(r), LogoutURL: k.URL(r, "logout"), ProfileURL: k.URL(r, "profile"),
		request: r, status: status, header: w.Header(), kit: k,
	}
	if !k.config.HideSignup {
		page.SignupURL = k.URL(r, "signup")
	}
	if alone, ok := data.(standalone); ok {
		page.Data, page.Style = alone.data, template.CSS(k.style.text)
	}
	k.logo.show(page, r, k.config.Brand)
	if form, ok := data.(*Form); ok {
		if err := page.fillIn(form); err != nil {
			middleware.Fail(w, r, err)
			return
		}
	}
	var b bytes.Buffer
	switch err := t.Execute(&b, page); {
	case page.failure != nil:
		middleware.Fail(w, r, page.failure)
		return
	case err != nil:
		k.broken(w, r, fmt.Errorf("pages: %w", err))
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the client is gone
}

// standalone marks the data of a page that RenderAlone shows.
type standalone struct{ data any }

// RenderAlone is Render for a page that has the stylesheet in it and no script, because the
// refusal that it tells of may hold for those too. It sets the headers that pages have.
func (k *Kit) RenderAlone(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	k.SetSecurity(w.Header())
	w.Header().Set("Content-Security-Policy", strings.Replace(k.security[0][1], "style-src 'self'",
		"style-src 'self' '"+k.style.integrity+"'", 1))
	k.Render(w, r, status, name, standalone{data})
}

// broken responds where a page cannot be made, which only a change of the
// program or of its templates can mend.
func (k *Kit) broken(w http.ResponseWriter, r *http.Request, err error) {
	k.config.Logger.ErrorContext(r.Context(), "page could not be made", "path", requestinfo.LogPath(r),
		"error", requestinfo.LogError(err))
	middleware.Say(w, r, http.StatusInternalServerError, i18n.Mark("This page is broken. The log of the "+
		"server says how."))
}

// Translator speaks the visitor's language, and says in Vary what it goes by. The
// JSON that no cache keeps need not name the cookie: then it says Cookie where, as in
// Django, the session was asked for.
func (k *Kit) Translator(w http.ResponseWriter, r *http.Request) *i18n.Translator {
	if header := w.Header(); negotiate.HTML(r) || !strings.Contains(header.Get("Cache-Control"), "no-store") {
		locale.Vary(header)
	} else {
		httptext.PatchVary(header, "Accept-Language")
	}
	return locale.Of(k.config.Languages, r)
}

// pages lists the names that Render knows.
func (k *Kit) pages() []string {
	return slices.Sorted(maps.Keys(k.templates))
}

// JSON responds with JSON. The value must be one that JSON has.
func JSON(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(text)+1))
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // the client is gone
}
