package coatcheck_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"

	"github.com/coatcheck/coatcheck"
	"github.com/coatcheck/coatcheck/database/sqlite"
	"github.com/coatcheck/coatcheck/password"
)

// newSite returns a site in memory for an example.
func newSite() (site *coatcheck.Site, stop func()) {
	db, err := sqlite.Open(context.Background(), ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	site, err = coatcheck.New(coatcheck.Config{
		Database: db,
		Keys:     coatcheck.Keys{Secret: "a long random text that stays the same"},
		Passwords: coatcheck.PasswordOptions{
			Hashing: password.Config{Hashers: []password.Hasher{password.PBKDF2SHA256{Iterations: 1}}},
		},
		Site: coatcheck.SiteOptions{Logger: slog.New(slog.DiscardHandler)},
	})
	if err != nil {
		log.Fatal(err)
	}
	return site, func() { db.Close() }
}

// browser prints what it gets.
type browser struct {
	base   string
	client *http.Client
}

func newBrowser(h http.Handler) (b *browser, stop func()) {
	server := httptest.NewServer(h)
	jar, err := cookiejar.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	client := server.Client()
	client.Jar = jar
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{server.URL, client}, server.Close
}

func (b *browser) get(path string) { b.do(http.MethodGet, path, "") }

func (b *browser) post(path, form string) { b.do(http.MethodPost, path, form) }

func (b *browser) do(method, path, form string) {
	r, err := http.NewRequest(method, b.base+path, strings.NewReader(form))
	if err != nil {
		log.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got, err := b.client.Do(r)
	if err != nil {
		log.Fatal(err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		log.Fatal(err)
	}
	text := strings.TrimSpace(string(body))
	if to := got.Header.Get("Location"); to != "" {
		text = "to " + to
	}
	fmt.Println(method, path, got.StatusCode, text)
}
