package coatcheck_test

import (
	"context"
	"fmt"
	"html/template"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/middleware"
)

// guardExample serves a handler on a site of that configuration, and returns the response
// to a request.
func guardExample(config coatcheck.Config, h http.HandlerFunc, header ...string) string {
	db, err := sqlite.Open(context.Background(), ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	config.Database, config.Keys.Secret, config.Site.Logger = db, "a long random text that stays the same", slog.New(slog.DiscardHandler)
	site, err := coatcheck.New(config)
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(site.Handler(h))
	defer server.Close()
	r, err := http.NewRequest(http.MethodGet, server.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	r.Host = r.Header.Get("Host")
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		log.Fatal(err)
	}
	return fmt.Sprint(response.StatusCode, " ", string(body), response.Header.Get("Location"))
}

// A form of one's own. Under GuardCrossOrigin the field is empty.
func Example_csrf() {
	page := template.Must(template.New("").Parse(`<form method="post">{{.}}<button>Order</button></form>`))
	form := func(w http.ResponseWriter, r *http.Request) {
		field, err := middleware.CSRFField(r) // <input type="hidden" name="csrfmiddlewaretoken" value="…">
		if err != nil {
			middleware.Fail(w, r, err)
			return
		}
		_ = page.Execute(w, field)
	}
	fmt.Println(guardExample(coatcheck.Config{Web: coatcheck.WebOptions{Guard: coatcheck.GuardCrossOrigin}}, form))
	before, _, _ := strings.Cut(guardExample(coatcheck.Config{Web: coatcheck.WebOptions{Guard: coatcheck.GuardDjango}}, form), " value=")
	fmt.Println(before)
	// Output:
	// 200 <form method="post"><button>Order</button></form>
	// 200 <form method="post"><input type="hidden" name="csrfmiddlewaretoken"
}

// Hosts that a site serves.
func Example_hosts() {
	config := coatcheck.Config{}
	config.Web.AllowedHosts = []string{"example.com", ".example.org"} // .example.org has its subdomains with it
	host := func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, middleware.Host(r)) }
	fmt.Println(guardExample(config, host, "Host", "www.example.org:8000"))
	fmt.Print(guardExample(config, host, "Host", "www.example.com"))
	// Output:
	// 200 www.example.org:8000
	// 400 {"error":"This site is not served under that name. Please check the address that you opened."}
}

// What a trusted proxy tells.
func Example_proxies() {
	config := coatcheck.Config{}
	config.Web.TrustedProxies = []string{"127.0.0.1", "fd00::/8"} // "unix" for one that comes by a Unix socket
	who := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, middleware.ClientIP(r), " ", middleware.IsSecure(r))
	}
	headers := []string{"X-Forwarded-For", "192.0.2.1, 203.0.113.5", "X-Forwarded-Proto", "https"}
	fmt.Println(guardExample(config, who, headers...))
	config.Web.TrustedProxies = nil
	fmt.Println(guardExample(config, who, headers...))
	// Output:
	// 200 203.0.113.5 true
	// 200 127.0.0.1 false
}

// Headers of every response, and nothing by HTTP.
func Example_securityHeaders() {
	config := coatcheck.Config{Web: coatcheck.WebOptions{AllowedHosts: []string{"example.com"}}}
	config.Web.Security = &middleware.SecurityConfig{HSTSSeconds: 31536000, SSLRedirect: true}
	view := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }
	fmt.Println(guardExample(config, view, "Host", "example.com"))
	// Output:
	// 301 https://example.com/
}
