package coatcheck_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database/sqlite"
)

// A site has a name, a logo, a colour and a link to where visitors get help, in its pages and
// emails.
func ExampleSiteOptions_logo() {
	logo := []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 80"><path d="M0 0h320v80z"/></svg>`)
	db, err := sqlite.Open(context.Background(), ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	site, err := coatcheck.New(coatcheck.Config{
		Database: db,
		Keys:     coatcheck.Keys{Secret: "a long random text that stays the same, of 50 characters"},
		Site: coatcheck.SiteOptions{
			Name: "The Shop", Logo: logo, Accent: "#0a58ca", Support: "mailto:help@shop.example",
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/accounts/login/", nil)
	r.Header.Set("Accept", "text/html")
	w := httptest.NewRecorder()
	site.Handler(site.Views).ServeHTTP(w, r)
	page, _ := io.ReadAll(w.Result().Body)
	fmt.Println(strings.Contains(string(page), `width="112" height="28" alt="The Shop"`))
	fmt.Println(strings.Contains(string(page), `<a href="mailto:help@shop.example">Get help</a>`))
	// Output:
	// true
	// true
}
