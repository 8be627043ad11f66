package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck"
)

// TestBothLetTheUserIn: the yardstick and the site both know the user of the cookie, so that
// both are measured at the same work.
func TestBothLetTheUserIn(t *testing.T) {
	db, err := open(t.Context(), "sqlite::memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	site, err := coatcheck.New(coatcheck.Config{
		Database: db,
		Keys:     coatcheck.Keys{Secret: secret},
		Site:     coatcheck.SiteOptions{Logger: slog.New(slog.DiscardHandler)},
	})
	if err != nil {
		t.Fatal(err)
	}
	cookie, err := login(t.Context(), site)
	if err != nil {
		t.Fatal(err)
	}
	checks, err := newPlain(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	for name, handler := range map[string]http.Handler{"plain": checks, "coatcheck": site.Handler(pages(site))} {
		request := httptest.NewRequest(http.MethodGet, "/profile/", nil)
		request.Header.Set("Cookie", cookie)
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, request)
		if response.Code != http.StatusOK || !strings.Contains(response.Body.String(), "private data of bench-") {
			t.Errorf("%s: %d %s", name, response.Code, response.Body)
		}
	}
}
