package coatcheck_test

import (
	"fmt"
	"net/http"

	"github.com/coatcheck/coatcheck/messages"
	"github.com/coatcheck/coatcheck/middleware"
)

// A view says something, and the page that it leads to shows it, once.
func ExampleSite_Messages() {
	site, stop := newSite()
	defer stop()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /save", func(w http.ResponseWriter, r *http.Request) {
		if err := messages.Success(r.Context(), "Your profile was saved."); err != nil {
			middleware.Fail(w, r, err)
			return
		}
		http.Redirect(w, r, "/profile", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /profile", func(w http.ResponseWriter, r *http.Request) {
		notices, err := messages.Take(r.Context())
		if err != nil {
			middleware.Fail(w, r, err)
			return
		}
		for _, m := range notices {
			fmt.Fprintf(w, "<p class=%q>%s</p>\n", m.Tags(), m.HTML())
		}
	})
	browser, stop := newBrowser(site.Handler(site.Messages(mux)))
	defer stop()

	browser.post("/save", "")
	browser.get("/profile")
	browser.get("/profile")
	// Output:
	// POST /save 303 to /profile
	// GET /profile 200 <p class="success">Your profile was saved.</p>
	// GET /profile 200
}
