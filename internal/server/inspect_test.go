package server

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/coatcheck/coatcheck/coatchecktest"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/inspector"
)

// TestInspectorOff: without an inspector nothing listens to the flow, so that it costs nothing.
func TestInspectorOff(t *testing.T) {
	site := coatchecktest.NewSite(t).Site
	for _, on := range []bool{false, true} {
		heard := !on
		s := &Server{
			Site: site, Headers: func(h http.Handler) http.Handler { return h },
			Home: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { heard = flow.On(r.Context()) }),
		}
		if on {
			var err error
			if s.Inspector, err = inspector.New(inspector.Config{Kit: site.Views.Kit}); err != nil {
				t.Fatal(err)
			}
		}
		s.handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		if heard != on {
			t.Errorf("with an inspector: %v; something listens: %v", on, heard)
		}
	}
}
