package inspector

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/middleware"
	"github.com/coatcheck/coatcheck/pages"
)

//go:embed page.html style.css script.js
var ownFiles embed.FS

// policy is the Content-Security-Policy: what the page needs is in files beside it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// files are what the page is made of.
type files struct {
	page          *template.Template
	style, script []byte
}

// readFiles reads them. The stylesheet is that of the site, with its own behind it.
func readFiles() (f files, err error) {
	functions := template.FuncMap{"code": inCode, "clock": clock}
	if f.page, err = template.New("page.html").Funcs(functions).ParseFS(ownFiles, "page.html"); err != nil {
		return f, err
	}
	site, err := fs.ReadFile(pages.Templates(), "style.css")
	if err != nil {
		return f, err
	}
	own, err := ownFiles.ReadFile("style.css")
	if err != nil {
		return f, err
	}
	f.style = append(site, own...)
	f.script, err = ownFiles.ReadFile("script.js")
	return f, err
}

// inCode escapes a text, and puts what stands between backquotes into code elements.
func inCode(text string) template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(text, "`") {
		if part = template.HTMLEscapeString(part); i%2 == 1 {
			part = "<code>" + part + "</code>"
		}
		b.WriteString(part)
	}
	return template.HTML(b.String())
}

// clock is the time of day in UTC.
func clock(t time.Time) string { return t.UTC().Format("15:04:05") }

// mount mounts the addresses.
func (i *Inspector) mount() {
	at := i.config.Path
	i.mux = http.NewServeMux()
	i.mux.HandleFunc(at+"{$}", i.page)
	i.mux.HandleFunc(at+"events", i.events)
	i.mux.HandleFunc(at+"style.css", file("text/css", i.files.style))
	i.mux.HandleFunc(at+"script.js", file("text/javascript", i.files.script))
	i.mux.HandleFunc(at+"tour/without", i.without)
	i.mux.HandleFunc(at+"tour/old-cookie", i.oldCookie)
	i.mux.HandleFunc(strings.TrimSuffix(at, "/"), func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, requestinfo.Below(r, at), http.StatusSeeOther)
	})
	i.mux.Handle("/", i.config.Kit.NotFound())
}

func file(kind string, text []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind+"; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		_, _ = w.Write(text) // the client is gone
	}
}

// ServeHTTP serves the inspector to who may see it, and to others what they get where there is
// nothing. It belongs inside the middleware of the site, which knows the client's address and
// who is signed in.
func (i *Inspector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if v := visitOf(r.Context()); v != nil {
		v.hidden = true
	}
	allowed, err := i.allowed(r)
	switch {
	case err != nil:
		middleware.Fail(w, r, err)
		return
	case !allowed:
		i.config.Kit.NotFound().ServeHTTP(w, r)
		return
	}
	header := w.Header()
	i.config.Kit.SetSecurity(header)
	httptext.NeverCache(header, time.Now())
	header.Set("Content-Security-Policy", policy)
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "The inspector is only looked at: send GET.", http.StatusMethodNotAllowed)
		return
	}
	i.mux.ServeHTTP(w, r)
}

// page shows everything, or says it in JSON.
func (i *Inspector) page(w http.ResponseWriter, r *http.Request) {
	shown := i.view(r, parseQuery(r.URL.Query()))
	if !negotiate.HTML(r) {
		pages.JSON(w, http.StatusOK, shown.data())
		return
	}
	var b bytes.Buffer
	if err := i.files.page.Execute(&b, shown); err != nil {
		middleware.Fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	_, _ = b.WriteTo(w) // the client is gone
}

// row is the row of a request in the list.
func (i *Inspector) row(r *http.Request, q query, rec *record) string {
	var b strings.Builder
	v := &view{Path: requestinfo.Below(r, i.config.Path), Query: q}
	if err := i.files.page.ExecuteTemplate(&b, "row", v.row(rec)); err != nil {
		panic(err) // tests render every row
	}
	return b.String()
}

// detail is a request with its steps, for JSON.
type detail struct {
	*record
	Steps []step `json:"steps"`
}

// data is what a program gets: what is open, or the list.
func (v *view) data() any {
	type mark struct {
		Title   string `json:"title"`
		Request uint64 `json:"request,omitempty"`
	}
	all := struct {
		Requests []*record `json:"requests"`
		Tour     []mark    `json:"tour"`
		Open     *detail   `json:"open,omitempty"`
		With     *detail   `json:"with,omitempty"`
		PartAt   *[2]int   `json:"part_at,omitempty"` // indexes of the steps
	}{Requests: v.records}
	for _, s := range v.Stops {
		all.Tour = append(all.Tour, mark{s.Title, s.Seen})
	}
	if v.Open != nil {
		all.Open = &detail{v.Open.record, v.Open.plain()}
	}
	if v.With != nil {
		all.With = &detail{v.With.record, v.With.plain()}
		if v.differ {
			all.PartAt = &v.partAt
		}
	}
	return all
}
