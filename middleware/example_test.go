package middleware_test

import (
	"fmt"
	"html/template"
	"net/http"

	"github.com/coatcheck/coatcheck/middleware"
)

// A form of one's own, under any guard.
func ExampleCSRFField() {
	page := template.Must(template.New("").Parse(`<form method="post">{{.}}<button>Order</button></form>`))
	http.HandleFunc("GET /order", func(w http.ResponseWriter, r *http.Request) {
		field, err := middleware.CSRFField(r)
		if err != nil {
			middleware.Fail(w, r, err)
			return
		}
		_ = page.Execute(w, field)
	})
}

// The client's address behind a load balancer.
func ExampleProxy() {
	proxy, err := middleware.Proxy(middleware.ProxyConfig{Trusted: []string{"10.0.0.0/8"}})
	if err != nil {
		panic(err)
	}
	handler := proxy(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, middleware.ClientIP(r), middleware.IsSecure(r))
	}))
	_ = http.ListenAndServe(":8000", handler)
}
