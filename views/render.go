package views

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
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
	"github.com/coatcheck/coatcheck/userfields"
)

//go:embed templates
var ownFiles embed.FS

// shared are the templates that the pages are made of; every other one is a
// page.
var shared = []string{"base.html", "form.html"}

// ErrorPage is what error.html shows.
type ErrorPage struct {
	Title   string
	Message string
}

// Render answers with a page in the layout of the site: one of ours, such as
// "home.html", or a file that Config.Templates adds. The page gets a *Page, whose Data is
// data; a *Form also gets its token. It has the visitor's language, user, navigation and
// CSRF token wherever the middleware of the site is around the handler. Headers are the
// handler's, but for Content-Type, Content-Length and Vary.
//
// An unknown name or a template that fails gives 500, and the log says why. If the store
// fails while the page asks for the user, the response is 503. Django: render.
func (v *Views) Render(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	t, ok := v.templates[name]
	if !ok {
		broken(w, r, fmt.Errorf("views: there is no page %q; there are %s", name, strings.Join(v.pages(), ", ")))
		return
	}
	page := &Page{
		Translator: v.translator(w, r), SiteName: v.config.SiteName, Data: data,
		Stylesheet: requestinfo.Below(r, v.style.url), Script: requestinfo.Below(r, v.script.url),
		LoginURL: v.loginURL(r), SignupURL: requestinfo.Below(r, SignupURL),
		LogoutURL: requestinfo.Below(r, LogoutURL), ProfileURL: requestinfo.Below(r, ProfileURL),
		languages: v.languages, request: r, urls: v.urls, fields: v.declared((*userfields.Field).OnProfile),
	}
	if v.config.SignupClosed || v.config.SignupInvitation {
		page.SignupURL = ""
	}
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
		broken(w, r, fmt.Errorf("views: %w", err))
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the client is gone
}

// broken answers where a page cannot be made, which only a change of the
// program or of its templates can mend.
func broken(w http.ResponseWriter, r *http.Request, err error) {
	slog.ErrorContext(r.Context(), "page could not be made", "path", requestinfo.LogPath(r),
		"error", requestinfo.LogError(err))
	middleware.Say(w, r, http.StatusInternalServerError, i18n.Mark("This page is broken. The log of the server says how."))
}

// translator speaks the visitor's language, and says in Vary what it goes by. The
// JSON that no cache keeps need not name the cookie: then it says Cookie where, as in
// Django, the session was asked for.
func (v *Views) translator(w http.ResponseWriter, r *http.Request) *i18n.Translator {
	if header := w.Header(); negotiate.HTML(r) || !strings.Contains(header.Get("Cache-Control"), "no-store") {
		locale.Vary(header)
	} else {
		httptext.PatchVary(header, "Accept-Language")
	}
	return locale.Of(v.config.Languages, r)
}

// pages lists the names that Render knows.
func (v *Views) pages() []string {
	return slices.Sorted(maps.Keys(v.templates))
}

// fail answers a request that an error stopped.
func (v *Views) fail(w http.ResponseWriter, r *http.Request, err error) {
	if refused := refusalOf(err); refused != nil {
		v.refuse(w, r, refused)
		return
	}
	middleware.Fail(w, r, err)
}

// invite answers a GET with an empty form, or tells a program how to send it.
func (v *Views) invite(w http.ResponseWriter, r *http.Request, page string, f *Form) {
	if negotiate.HTML(r) {
		f.focus()
		v.Render(w, r, http.StatusOK, page, f)
		return
	}
	sayJSON(w, http.StatusOK, map[string]string{"message": "Send " + f.wanted() + " by POST, as a form or as JSON."})
}

// sayJSON answers with JSON. The value must be one that JSON has.
func sayJSON(w http.ResponseWriter, status int, value any) {
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

// readTemplates reads our files, those that replace them and those that are added.
func (v *Views) readTemplates(given fs.FS) error {
	files, err := readFiles(given)
	if err != nil {
		return err
	}
	v.style = newStatic(stylesheetName, "text/css", files[stylesheetName])
	v.script = newStatic(scriptName, "text/javascript", files[scriptName])
	delete(files, stylesheetName)
	delete(files, scriptName)
	base := template.New("")
	for _, name := range shared {
		if _, err := base.New(name).Parse(files[name]); err != nil {
			return fmt.Errorf("views: template %s: %w", name, err)
		}
		delete(files, name)
	}
	v.templates = map[string]*template.Template{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if v.templates[name], err = parsePage(base, name, files[name]); err != nil {
			return fmt.Errorf("views: template %s: %w", name, err)
		}
	}
	return nil
}

// parsePage reads the template of a page, and finds out by a trial whether html/template
// can escape it, which it only decides when it executes it. Data is missing in the trial,
// so that other errors mean nothing.
func parsePage(base *template.Template, name, text string) (*template.Template, error) {
	page, err := base.Clone()
	if err == nil {
		_, err = page.New(name).Parse(text)
	}
	if err != nil {
		return nil, err
	}
	var unsafe *template.Error
	whole := page.Lookup("base.html")
	switch err := whole.Execute(io.Discard, nil); {
	case !errors.As(err, &unsafe):
		return whole, nil
	case page.Lookup("main") == nil:
		return nil, errors.New(`it has no part "main"; put the page between {{define "main"}} and {{end}}`)
	default:
		return nil, err
	}
}

// TemplateNames returns the names of the files that Config.Templates may replace, in
// order. Files *.html of other names add pages.
func TemplateNames() []string {
	files, err := readAll(ownTemplates())
	if err != nil {
		panic(err) // they are embedded
	}
	return slices.Sorted(maps.Keys(files))
}

func ownTemplates() fs.FS {
	own, err := fs.Sub(ownFiles, "templates")
	if err != nil {
		panic(err) // they are embedded
	}
	return own
}

// readFiles reads our files, each from given where that has it, and the pages that given
// adds.
func readFiles(given fs.FS) (map[string]string, error) {
	files, err := readAll(ownTemplates())
	if err != nil || given == nil {
		return files, err
	}
	others, err := readAll(given)
	if err != nil {
		return nil, err
	}
	for name, text := range others {
		if _, ours := files[name]; !ours && !strings.HasSuffix(name, ".html") {
			return nil, fmt.Errorf("views: Config.Templates has %q; a page is a file whose name ends in .html, "+
				"and the other files are %s and %s (use fs.Sub for files in a folder)",
				name, stylesheetName, scriptName)
		}
		files[name] = text
	}
	return files, nil
}

// readAll reads the files of a folder, but for those whose name begins with a dot.
func readAll(from fs.FS) (map[string]string, error) {
	entries, err := fs.ReadDir(from, ".")
	if err != nil {
		return nil, fmt.Errorf("views: templates: %w", err)
	}
	files := map[string]string{}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		if entry.IsDir() {
			files[entry.Name()] = ""
			continue
		}
		text, err := fs.ReadFile(from, entry.Name())
		if err != nil {
			return nil, fmt.Errorf("views: templates: %w", err)
		}
		files[entry.Name()] = string(text)
	}
	return files, nil
}
