package coatcheck_test

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/inspector"
)

// inspected serves a site with an inspector.
func inspected(site *coatcheck.Site, mux *http.ServeMux) (http.Handler, error) {
	i, err := inspector.New(inspector.Config{Kit: site.Views.Kit})
	if err != nil {
		return nil, err
	}
	mux.Handle(inspector.DefaultPath, i)
	return i.Record(site.Handler(mux)), nil // outermost, around the middleware
}

// The inspector shows each request with its verdict and the reason for it, here in JSON.
func Example_inspector() {
	site, stop := newSite()
	defer stop()
	mux := http.NewServeMux()
	mux.Handle("/accounts/", site.Views)
	handler, err := inspected(site, mux)
	if err != nil {
		fmt.Println(err)
	}
	browser, stop := newBrowser(handler)
	defer stop()

	browser.post("/accounts/login/", "username=alice&password=wrong")
	response, err := browser.client.Get(browser.base + inspector.DefaultPath)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	var shown struct {
		Requests []struct{ Method, Path, Verdict, Reason string }
	}
	if err := json.NewDecoder(response.Body).Decode(&shown); err != nil {
		fmt.Println(err)
	}
	for _, r := range shown.Requests {
		fmt.Println(r.Method, r.Path, "was", r.Verdict+":", r.Reason)
	}
	// Output:
	// POST /accounts/login/ 401 {"error":"Invalid credentials"}
	// POST /accounts/login/ was refused: authenticate.failed
}
