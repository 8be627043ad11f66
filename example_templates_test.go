package coatcheck_test

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/views"
)

//go:embed testdata/templates
var templates embed.FS

// A program's own page, in the layout of the account pages.
func Example_ownPage() {
	site, stop := newShop()
	defer stop()
	mux := http.NewServeMux()
	mux.Handle(views.Path, site.Views)
	mux.HandleFunc("GET /books", func(w http.ResponseWriter, r *http.Request) {
		site.Views.Render(w, r, http.StatusOK, "shop_books.html", []string{"Emma", "Middlemarch"})
	})
	server := httptest.NewServer(site.Handler(mux))
	defer server.Close()

	show(server.URL + "/books")
	show(server.URL + "/accounts/login/")
	// Output:
	// <title>Books · The shop</title>
	// <a href="/accounts/login/">
	// <h1>Books</h1>
	// <li>Emma</li>
	// <li>Middlemarch</li>
	// <title>Come in · The shop</title>
	// <a href="/accounts/login/" aria-current="page">
	// <h1>Come in</h1>
}

// newShop returns a site with templates of its own.
func newShop() (*coatcheck.Site, func()) {
	db, err := sqlite.Open(context.Background(), ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	files, err := fs.Sub(templates, "testdata/templates")
	if err != nil {
		log.Fatal(err)
	}
	site, err := coatcheck.New(coatcheck.Config{
		Database: db,
		Keys:     coatcheck.Keys{Secret: "a long random text that stays the same"},
		Site:     coatcheck.SiteOptions{Name: "The shop", Logger: slog.New(slog.DiscardHandler)},
		Views:    views.Options{Templates: files},
	})
	if err != nil {
		log.Fatal(err)
	}
	return site, func() { db.Close() }
}

// shown are the parts of a page that the example prints.
var shown = regexp.MustCompile(`<title>.*</title>|<a href="/accounts/login/"[^>]*>|<h1>.*</h1>|<li>.*</li>`)

func show(address string) {
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		log.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		log.Fatal(err)
	}
	defer got.Body.Close()
	var page strings.Builder
	if err := got.Write(&page); err != nil {
		log.Fatal(err)
	}
	for _, line := range shown.FindAllString(page.String(), -1) {
		fmt.Println(line)
	}
}
