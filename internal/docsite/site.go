package docsite

import (
	_ "embed"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/pages"
)

// Path is where the documentation is.
const Path = "/docs/"

// pageFile is the template of a page.
const pageFile = "coatcheck_docs.html"

//go:embed docs.html
var layout string

//go:embed docs.css
var style string

// Site is the documentation. Nothing is read or rendered before somebody asks for it, and then
// once. It is safe for concurrent use.
type Site struct {
	kit   *pages.Kit
	files fs.FS
	style string // the path of the stylesheet
	mux   *http.ServeMux

	contents func() *contents // the pages by their order
	index    func() *index    // for the search
}

// New returns the documentation in files: pages NAME.md, of which README.md is the first and has
// the order of the others, and what they show. It adds a page and a stylesheet to the kit.
func New(kit *pages.Kit, files fs.FS) (*Site, error) {
	if err := kit.AddPage(pageFile, layout); err != nil {
		return nil, fmt.Errorf("docsite: %w", err)
	}
	s := &Site{kit: kit, files: files, mux: http.NewServeMux()}
	s.style = kit.AddFile("documentation.css", "text/css; charset=utf-8", style)
	s.contents = sync.OnceValue(func() *contents { return readContents(files) })
	s.index = sync.OnceValue(func() *index { return newIndex(s.contents()) })
	s.mux.Handle(Path+"{$}", kit.Cacheable(s.first, pages.GET...))
	s.mux.Handle(Path+"{name}", kit.Cacheable(s.named, pages.GET...))
	s.mux.Handle(Path+"{name}/{$}", kit.Cacheable(s.slashed, pages.GET...))
	s.mux.Handle(Path+"{folder}/{name}", kit.Cacheable(s.picture, pages.GET...))
	s.mux.Handle(strings.TrimSuffix(Path, "/"), kit.Cacheable(s.goTo(""), pages.GET...))
	s.mux.Handle("/", kit.Cacheable(s.missing, pages.GET...))
	return s, nil
}

// ServeHTTP serves everything below Path. It asks for no session.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	pages.SameForEverybody(w, r)
	s.mux.ServeHTTP(w, r)
}

// shown is what the template gets.
type shown struct {
	Root, Style string // addresses
	Page        *page  // nil for what was searched, and where there is nothing
	Rendered    *rendered
	Query       string
	Results     []result
	Searched    bool

	contents *contents
}

// Title is the title of the page for that of the window; the template has its own for the first
// page, and where there is none.
func (d shown) Title() string {
	if d.Page == nil || d.Page.Name == firstPage {
		return ""
	}
	return d.Page.Title
}

// Sections are all pages in their order.
func (d shown) Sections() []section { return d.contents.sections }

// Before is the page before this one, or nil.
func (d shown) Before() *page { return d.contents.neighbour(d.Page, -1) }

// After is the page after this one, or nil.
func (d shown) After() *page { return d.contents.neighbour(d.Page, +1) }

// caching is for pages: the same for a while, but not after another version is installed.
const caching = "public, max-age=300"

// show responds with the template.
func (s *Site) show(w http.ResponseWriter, r *http.Request, status int, d shown) {
	flow.Emit(r.Context(), "docs.shown")
	d.Root, d.Style, d.contents = requestinfo.Below(r, Path), requestinfo.Below(r, s.style), s.contents()
	if status != http.StatusOK {
		s.kit.Render(w, r, status, pageFile, d)
		return
	}
	w.Header().Set("Cache-Control", caching)
	page := &held{ResponseWriter: w}
	s.kit.Render(page, r, status, pageFile, d)
	page.send(r)
}

// first shows the first page, or what a search finds.
func (s *Site) first(w http.ResponseWriter, r *http.Request) {
	if query := clean(r.URL.Query().Get("q")); query != "" {
		s.show(w, r, http.StatusOK, shown{Query: query, Searched: true, Results: s.index().find(query)})
		return
	}
	s.page(w, r, firstPage)
}

// named shows a page by its name, and its source in Markdown for NAME.md.
func (s *Site) named(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	switch base, isSource := strings.CutSuffix(name, ".md"); {
	case isSource && s.contents().pages[base] != nil, sources[path.Ext(name)]:
		s.file(w, r, name, "text/plain; charset=utf-8")
	case name == firstPage:
		s.goTo("")(w, r)
	default:
		s.page(w, r, name)
	}
}

// slashed redirects to a page whose address has a slash too many.
func (s *Site) slashed(w http.ResponseWriter, r *http.Request) {
	if name := r.PathValue("name"); s.contents().pages[name] != nil {
		s.goTo(name)(w, r)
		return
	}
	s.missing(w, r)
}

// page shows a page.
func (s *Site) page(w http.ResponseWriter, r *http.Request, name string) {
	page := s.contents().pages[name]
	if page == nil {
		s.missing(w, r)
		return
	}
	s.show(w, r, http.StatusOK, shown{Page: page, Rendered: page.rendered()})
}

// missing responds with 404 and a search.
func (s *Site) missing(w http.ResponseWriter, r *http.Request) {
	if !negotiate.HTML(r) {
		s.kit.Refuse(w, r, &pages.Refusal{
			Status: http.StatusNotFound, Sentence: i18n.Mark("There is nothing at this address."),
		})
		return
	}
	s.show(w, r, http.StatusNotFound, shown{})
}

// goTo redirects to a page.
func (s *Site) goTo(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		target := requestinfo.Below(r, Path) + name
		if r.URL.RawQuery != "" {
			target += "?" + r.URL.RawQuery
		}
		http.Redirect(w, r, target, http.StatusMovedPermanently)
	}
}
