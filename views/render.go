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

// Render answers with one of the pages. The name is that of a file of
// Config.Templates, such as "home.html", and data becomes Page.Data. A name or
// a template that is wrong gives 500, and an outage while the template asks for
// the user 503.
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
		languages: v.languages, request: r, urls: v.urls,
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
	var names []string
	for name := range v.templates {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
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

// readTemplates reads our files and those that replace them.
func (v *Views) readTemplates(replacing fs.FS) error {
	own, err := fs.Sub(ownFiles, "templates")
	if err != nil {
		return fmt.Errorf("views: %w", err)
	}
	files, err := readFiles(own, replacing)
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
	for name, text := range files {
		t, err := base.Clone()
		if err == nil {
			_, err = t.New(name).Parse(text)
		}
		if err == nil {
			err = escapes(t.Lookup("base.html"))
		}
		if err != nil {
			return fmt.Errorf("views: template %s: %w", name, err)
		}
		v.templates[name] = t.Lookup("base.html")
	}
	return nil
}

// escapes finds out by a trial whether html/template can escape the template,
// which it only decides when it executes it. Data is missing, so that other
// errors mean nothing.
func escapes(t *template.Template) error {
	var unsafe *template.Error
	if err := t.Execute(io.Discard, nil); errors.As(err, &unsafe) {
		return err
	}
	return nil
}

// readFiles reads all files of own, each from replacing where that has it.
func readFiles(own, replacing fs.FS) (map[string]string, error) {
	files, err := readAll(own)
	if err != nil || replacing == nil {
		return files, err
	}
	others, err := readAll(replacing)
	if err != nil {
		return nil, err
	}
	for name, text := range others {
		if _, ok := files[name]; !ok {
			var known []string
			for name := range files {
				known = append(known, name)
			}
			slices.Sort(known)
			return nil, fmt.Errorf("views: Config.Templates has %q, which replaces nothing; the names are %s (use fs.Sub for files in a folder)",
				name, strings.Join(known, ", "))
		}
		files[name] = text
	}
	return files, nil
}

func readAll(from fs.FS) (map[string]string, error) {
	entries, err := fs.ReadDir(from, ".")
	if err != nil {
		return nil, fmt.Errorf("views: templates: %w", err)
	}
	files := map[string]string{}
	for _, entry := range entries {
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
