package docsite_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/docs"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/docsite"
)

// heard are the codes of the flow.
type heard struct {
	mu    sync.Mutex
	codes []flow.Code // mu guards it
}

func (h *heard) Emit(_ context.Context, e flow.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.codes = append(h.codes, e.Code)
}

// site is a site with the documentation, and a client who is signed in.
type site struct {
	t      testing.TB
	client *coatchecktest.Client
	below  string // the path where it is mounted
	heard  *heard
}

func newSite(t testing.TB, below string) *site {
	t.Helper()
	s := coatchecktest.NewSite(t, func(c *coatcheck.Config) {
		c.Site.ScriptName, c.Views.DocsPath = below, docsite.Path
		c.Sessions.SaveEveryRequest = true // which would set a cookie, if a page had the session
	})
	served, err := docsite.New(s.Views.Kit, docs.Files)
	if err != nil {
		t.Fatal(err)
	}
	mux, of := http.NewServeMux(), &site{t: t, below: below, heard: &heard{}}
	mux.Handle("/docs/", served)
	mux.Handle("/docs", served)
	mux.Handle("/", s.Views)
	handler := s.Handler(mux)
	of.client = s.NewClient(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r.WithContext(flow.WithSink(r.Context(), of.heard)))
	}))
	of.client.Header.Set("Accept", "text/html")
	of.client.ForceLogin(s.CreateUser("ada", "tweed-umbrella-12"))
	of.heard.codes = nil
	return of
}

// get returns what is at a path of the documentation, which asks for nobody.
func (s *site) get(path string) *coatchecktest.Response {
	s.t.Helper()
	got := s.client.Get(s.below + path)
	if cookies := got.Header["Set-Cookie"]; cookies != nil {
		s.t.Errorf("%s sets %q", path, cookies)
	}
	return got
}

// document is a page that was parsed.
type document struct {
	ids   map[string]bool
	links []string
	text  string
}

// parse reads a page, and checks that the Content-Security-Policy lets it be.
func (s *site) parse(path string, body string) *document {
	s.t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	d := &document{ids: map[string]bool{}}
	headings := 0
	var text strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			text.WriteString(n.Data)
		}
		if n.Data == "style" || n.Data == "script" && n.FirstChild != nil {
			s.t.Errorf("%s has an inline <%s>", path, n.Data)
		}
		if n.Data == "h1" {
			headings++
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "style", strings.HasPrefix(a.Key, "on"):
				s.t.Errorf("%s: <%s> has the attribute %s", path, n.Data, a.Key)
			case a.Key == "id" && d.ids[a.Val]:
				s.t.Errorf("%s has the id %q twice", path, a.Val)
			case a.Key == "id":
				d.ids[a.Val] = true
			case a.Key == "href", a.Key == "src", a.Key == "action":
				d.links = append(d.links, a.Val)
			}
		}
	}
	d.text = text.String()
	if headings != 1 {
		s.t.Errorf("%s has %d h1", path, headings)
	}
	return d
}

// TestCrawl: from the first page links lead to every page and picture, each link and anchor leads
// somewhere below the path of the site, and nothing asks for a session or sets a cookie.
func TestCrawl(t *testing.T) {
	for _, below := range []string{"", "/auth"} {
		t.Run(below, func(t *testing.T) {
			s := newSite(t, below)
			seen, wanted := map[string]*document{}, map[string]string{} // an anchor, and who wants it
			for queue := []string{below + "/docs/"}; len(queue) > 0; queue = queue[1:] {
				at := queue[0]
				if _, known := seen[at]; known {
					continue
				}
				got := s.get(strings.TrimPrefix(at, below))
				if got.Status != http.StatusOK {
					t.Errorf("%s: %d", at, got.Status)
				}
				seen[at] = nil
				if !strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
					continue
				}
				seen[at] = s.parse(at, got.Body)
				base := &url.URL{Path: at}
				for _, link := range seen[at].links {
					to, err := base.Parse(link)
					if err != nil {
						t.Errorf("%s links to %q: %v", at, link, err)
						continue
					}
					if to.Host != "" || to.Scheme != "" {
						continue
					}
					if !strings.HasPrefix(to.Path, below+"/") {
						t.Errorf("%s links to %q, want it below %s", at, link, below)
					}
					if strings.HasPrefix(to.Path, below+"/docs/") {
						queue = append(queue, to.Path)
						wanted[to.Path+"#"+to.Fragment] = at
					} else if to.Path == below+"/docs" {
						t.Errorf("%s links to %s", at, to.Path)
					}
				}
			}
			checkSeen(t, below, seen, wanted)
			for _, code := range s.heard.codes {
				if code != "docs.shown" && code != "cookie.read" { // the middleware looks for one in the header
					t.Fatalf("a page of the documentation does %s", code)
				}
			}
		})
	}
}

// checkSeen checks that anchors are where links lead, and that all files were seen.
func checkSeen(t *testing.T, below string, seen map[string]*document, wanted map[string]string) {
	t.Helper()
	for link, from := range wanted {
		at, anchor, _ := strings.Cut(link, "#")
		if anchor != "" && (seen[at] == nil || !seen[at].ids[anchor]) {
			t.Errorf("%s links to %s, which has no such heading", from, link)
		}
	}
	err := fs.WalkDir(docs.Files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == "README.md" {
			return err
		}
		at, isPage := strings.CutSuffix(name, ".md")
		if _, ok := seen[below+"/docs/"+at]; !ok {
			t.Errorf("no link leads to %s", name)
		}
		if isPage && seen[below+"/docs/"+at] == nil {
			t.Errorf("%s is no page", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestResponses: what each kind of address responds with, and to which methods.
func TestResponses(t *testing.T) {
	s := newSite(t, "/auth")
	for _, c := range []struct {
		method, path string
		status       int
		header, want string
	}{
		{"GET", "/docs/", 200, "Content-Type", "text/html; charset=utf-8"},
		{"GET", "/docs/flow", 200, "Cache-Control", "public, max-age=300"},
		{"HEAD", "/docs/flow", 200, "Content-Type", "text/html; charset=utf-8"},
		{"GET", "/docs/flow.md", 200, "Content-Type", "text/plain; charset=utf-8"},
		{"GET", "/docs/images/account.png", 200, "Content-Type", "image/png"},
		{"HEAD", "/docs/images/account.png", 200, "Content-Type", "image/png"},
		{"GET", "/docs/performance/public-page.svg", 200, "Content-Type", "image/svg+xml"},
		{"GET", "/docs/coatcheck_throttle.py", 200, "Content-Type", "text/plain; charset=utf-8"},
		{"GET", "/docs", 301, "Location", "/auth/docs/"},
		{"GET", "/docs?q=csrf", 301, "Location", "/auth/docs/?q=csrf"},
		{"GET", "/docs/README", 301, "Location", "/auth/docs/"},
		{"GET", "/docs/flow/", 301, "Location", "/auth/docs/flow"},
		{"GET", "/docs/nothing", 404, "Cache-Control", ""},
		{"GET", "/docs/nothing.md", 404, "Cache-Control", ""},
		{"GET", "/docs/docs.go", 404, "Cache-Control", ""},
		{"GET", "/docs/other.py", 404, "Cache-Control", ""},
		{"GET", "/docs/images/", 404, "Cache-Control", ""},
		{"GET", "/docs/images/%2e%2e%2fflow.md", 404, "Cache-Control", ""},
		{"GET", "/docs/images/none.png", 404, "Cache-Control", ""},
		{"GET", "/docs/a/b/c", 404, "Cache-Control", ""},
		{"OPTIONS", "/docs/flow", 204, "Allow", "GET, HEAD, OPTIONS"},
		{"POST", "/docs/", 405, "Allow", "GET, HEAD, OPTIONS"},
		{"PUT", "/docs/flow", 405, "Allow", "GET, HEAD, OPTIONS"},
		{"DELETE", "/docs/images/account.png", 405, "Allow", "GET, HEAD, OPTIONS"},
		{"POST", "/docs/nothing", 405, "Allow", "GET, HEAD, OPTIONS"},
	} {
		got := s.client.Do(s.client.NewRequest(c.method, s.below+c.path, nil))
		if got.Status != c.status || got.Header.Get(c.header) != c.want {
			t.Errorf("%s %s: %d, %s: %q", c.method, c.path, got.Status, c.header, got.Header.Get(c.header))
		}
		if got.Header.Get("X-Content-Type-Options") != "nosniff" || got.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s %s: %v", c.method, c.path, got.Header)
		}
		if c.status == http.StatusNotFound && c.path == "/docs/nothing" && !strings.Contains(got.Body, `name="q"`) {
			t.Errorf("%s has no search: %s", c.path, got.Body)
		}
	}
	r := s.client.NewRequest(http.MethodGet, "/auth/docs/images/account.png", nil)
	r.Header.Set("If-None-Match", s.get("/docs/images/account.png").Header.Get("ETag"))
	if got := s.client.Do(r); got.Status != http.StatusNotModified {
		t.Errorf("the same picture again: %d", got.Status)
	}
	s.client.Header.Set("Accept", "application/json")
	if got := s.get("/docs/nothing"); got.Status != http.StatusNotFound || !strings.HasPrefix(got.Body, "{") {
		t.Errorf("a program gets %d %s", got.Status, got.Body)
	}
}

// TestPagesAgain: a page has a name by which a browser asks whether it is still the same, in each
// language and below each path another, and comes compressed to who reads gzip.
func TestPagesAgain(t *testing.T) {
	s := newSite(t, "")
	ask := func(path string, headers ...string) *coatchecktest.Response {
		r := s.client.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", "identity")
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		return s.client.Do(r)
	}
	tags := map[string]string{}
	for _, c := range [][]string{
		{"/docs/"},
		{"/docs/flow"},
		{"/docs/flow", "Accept-Language", "de"},
		{"/docs/flow", "Accept-Encoding", "gzip"},
		{"/docs/?q=csrf"},
	} {
		first := ask(c[0], c[1:]...)
		tag, vary := first.Header.Get("ETag"), strings.Join(first.Header.Values("Vary"), ", ")
		if first.Status != http.StatusOK || tag == "" || tags[tag] != "" || !strings.Contains(vary, "Accept-Encoding") ||
			!strings.Contains(vary, "Accept-Language") {
			t.Errorf("%q: %d, ETag %s as %s, Vary %s", c, first.Status, tag, tags[tag], vary)
		}
		tags[tag] = c[0]
		if again := ask(c[0], append(c[1:], "If-None-Match", tag)...); again.Status != http.StatusNotModified || again.Body != "" ||
			again.Header.Get("ETag") != tag || again.Header.Get("Cache-Control") == "" {
			t.Errorf("%q again: %d, %d bytes, %v", c, again.Status, len(again.Body), again.Header)
		}
		if other := ask(c[0], append(c[1:], "If-None-Match", `"other"`)...); other.Status != http.StatusOK || other.Body != first.Body {
			t.Errorf("%q after a change: %d, %d bytes", c, other.Status, len(other.Body))
		}
	}
	packed, plain := ask("/docs/flow", "Accept-Encoding", "gzip"), ask("/docs/flow")
	z, err := gzip.NewReader(strings.NewReader(packed.Body))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(z); err != nil || string(text) != plain.Body || packed.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("unpacked: %v, %d bytes, want %d", err, len(text), len(plain.Body))
	}
	if plain.Header.Get("Content-Encoding") != "" || len(packed.Body)*2 > len(plain.Body) {
		t.Errorf("%d bytes compressed, %d plain", len(packed.Body), len(plain.Body))
	}
	if got := ask("/docs/nothing", "Accept-Encoding", "gzip"); got.Status != http.StatusNotFound || got.Header.Get("ETag") != "" {
		t.Errorf("nothing: %d %v", got.Status, got.Header)
	}
}

// TestSearch: a search finds passages by all of its words, or by how they begin, the page about
// them first, and shows what was searched as text.
func TestSearch(t *testing.T) {
	s := newSite(t, "")
	found := regexp.MustCompile(`<li><h2><a href="([^"]*)">`)
	search := func(query string) (links []string, body string) {
		t.Helper()
		got := s.get("/docs/?" + url.Values{"q": {query}}.Encode())
		if got.Status != http.StatusOK {
			t.Errorf("%q: %d", query, got.Status)
		}
		s.parse(query, got.Body)
		for _, link := range found.FindAllStringSubmatch(got.Body, -1) {
			links = append(links, link[1])
		}
		return links, got.Body
	}
	for query, want := range map[string]string{
		"throttling":        "/docs/throttling",
		"THROTTL":           "/docs/throttling",
		"fail2ban":          "/docs/fail2ban",
		"--script-name":     "/docs/proxies#below-a-path",
		"SESSION_COOKIE_":   "/docs/settings",
		"session engines":   "/docs/session-engines",
		"throttling redis":  "/docs/throttling",
		"old cookie again":  "/docs/flow#6-the-old-cookie-again",
		"breached password": "/docs/breached-passwords",
	} {
		links, _ := search(query)
		page, _, _ := strings.Cut(want, "#")
		if !slices.ContainsFunc(links, func(l string) bool { return l == want || page == want && strings.HasPrefix(l, page) }) {
			t.Errorf("%q finds %q, want %s", query, links, want)
		}
	}
	if links, body := search("cookie"); len(links) < 5 || !strings.Contains(body, "<mark>cookie</mark>") {
		t.Errorf("cookie: %q", links)
	}
	if links, body := search("cookie zzyzx"); len(links) != 0 || !strings.Contains(body, "No page has all of these words.") {
		t.Errorf("cookie zzyzx finds %q", links)
	}
	const attack = `"><script>alert(1)</script><mark onload=x>`
	if _, body := search(attack); strings.Contains(body, "<script>") || strings.Contains(body, "<mark onload") ||
		!strings.Contains(body, "&lt;script&gt;") {
		t.Errorf("the attack is in the page: %s", body)
	}
	for _, nothing := range []string{"", " ", "\x00\xff"} {
		if _, body := search(nothing); !strings.Contains(body, "Read from the top") {
			t.Errorf("%q shows no first page", nothing)
		}
	}
	if links, _ := search("--"); len(links) != 0 {
		t.Errorf("-- finds %q", links)
	}
	if _, body := search(strings.Repeat("ab ", 5000)); len(body) > 100_000 {
		t.Errorf("a long query gives %d bytes", len(body))
	}
}

// TestOrder: the pages before and after one are its neighbours in the order of the first page.
func TestOrder(t *testing.T) {
	s := newSite(t, "/auth")
	list := strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(s.get("/docs/").Body, " "))
	if text := strings.Join(list, " "); !strings.Contains(text, "Documentation Learn Installing The whole flow, seen") {
		t.Errorf("the list of pages does not begin with the first section: %s", text)
	}
	at, pages := "", 0
	for next := regexp.MustCompile(`rel="next" href="/auth/docs/([^"]*)"`); ; pages++ {
		body := s.get("/docs/" + at).Body
		link := next.FindStringSubmatch(body)
		if link == nil {
			break
		}
		if after := s.get("/docs/" + link[1]).Body; !strings.Contains(after, fmt.Sprintf(`rel="prev" href="/auth/docs/%s"`, at)) {
			t.Errorf("%s is not before %s", at, link[1])
		}
		at = link[1]
	}
	all, err := fs.Glob(docs.Files, "*.md")
	if err != nil || pages != len(all)-1 || !strings.HasPrefix(at, "flow-codes") {
		t.Errorf("the last of %d pages is %q, want %d, %v", pages, at, len(all)-1, err)
	}
}

// TestLanguage: the texts around a page are in the visitor's language, and the page in English.
func TestLanguage(t *testing.T) {
	s := newSite(t, "")
	s.client.Header.Set("Accept-Language", "de")
	got := s.get("/docs/flow")
	if body := got.Body; !strings.Contains(body, `<html lang="de"`) || !strings.Contains(body, `<article lang="en"`) ||
		!strings.Contains(body, "Auf dieser Seite") || !strings.Contains(got.Header.Get("Vary"), "Accept-Language") {
		t.Errorf("%v %s", got.Header, body)
	}
}
