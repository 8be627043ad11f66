package middleware

import (
	"net/http"

	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/messages"
)

// Messages returns each request the one-time notices of the pages before, and stores those
// for the next page as the response begins (Django: MessageMiddleware). It belongs inside
// Sessions. Inside another one it does nothing.
func Messages(service *messages.Service) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if messages.Kept(r.Context()) {
				next.ServeHTTP(w, r)
				return
			}
			kept, r := service.Begin(r)
			bw := &beforeWriter{ResponseWriter: w, by: beginFuncs{
				before: func(int) error { return storeMessages(w.Header(), kept) },
				fail:   func(err error) { failInstead(w, r, err) },
			}}
			next.ServeHTTP(bw, r)
			if !bw.began {
				bw.begin(http.StatusOK)
			}
		})
	}
}

func storeMessages(header http.Header, kept *messages.Request) error {
	line, personal, err := kept.Finish()
	if err != nil {
		return err
	}
	if personal {
		httptext.PatchVary(header, "Cookie")
	}
	if line != "" {
		addCookie(header, line)
	}
	return nil
}
