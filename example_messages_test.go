package coatcheck_test

import (
	"html/template"
	"net/http"

	"github.com/coatcheck/coatcheck/messages"
	"github.com/coatcheck/coatcheck/middleware"
)

// A view says something, and the page that it leads to shows it, once.
func ExampleSite_Messages() {
	site, stop := newSite()
	defer stop()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /save", save)
	mux.HandleFunc("GET /saved", saved)
	handler := site.Handler(site.Messages(mux))
	browser, stop := newBrowser(handler)
	defer stop()

	browser.post("/save", "")
	browser.get("/saved")
	browser.get("/saved")
	// Output:
	// POST /save 303 to /saved
	// GET /saved 200 <p class="success">Your profile was saved.</p>
	// GET /saved 200
}

func save(w http.ResponseWriter, r *http.Request) {
	if err := messages.Success(r.Context(), "Your profile was saved."); err != nil {
		middleware.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/saved", http.StatusSeeOther)
}

var page = template.Must(template.New("").Parse(`{{range .}}<p class="{{.Tags}}">{{.HTML}}</p>{{end}}`))

func saved(w http.ResponseWriter, r *http.Request) {
	notices, err := messages.Take(r.Context())
	if err != nil {
		middleware.Fail(w, r, err)
		return
	}
	if err := page.Execute(w, notices); err != nil {
		middleware.Fail(w, r, err)
	}
}
