package pages

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/negotiate"
	"github.com/coatcheck/coatcheck/middleware"
)

// Handler returns a handler of a view that accepts the methods and no other, and whose
// responses no cache keeps.
func (k *Kit) Handler(view http.HandlerFunc, methods ...string) http.Handler {
	return k.Cacheable(k.fresh(view), methods...)
}

// Private is Handler for a view of signed-in users: others are redirected to the login page
// or get 401. It is closed while the session acts as another user.
func (k *Kit) Private(view http.HandlerFunc, methods ...string) http.Handler {
	required := middleware.LoginRequired(k.config.LoginURL, "", nil)(k.notWhileActing(view))
	return k.Handler(required.ServeHTTP, methods...)
}

// Button is Private for the POST of a button on a page. A browser that was sent to the login page on
// the way comes back by GET, and is redirected to the page.
func (k *Kit) Button(view http.HandlerFunc, page string) http.Handler {
	posted := k.Private(view, http.MethodPost)
	back := k.Handler(func(w http.ResponseWriter, r *http.Request) { k.GoTo(w, r, page) }, http.MethodGet)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !negotiate.HTML(r) {
			posted.ServeHTTP(w, r)
			return
		}
		back.ServeHTTP(w, r)
	})
}

// Cacheable is Handler without the header that forbids caches to keep the response.
func (k *Kit) Cacheable(view http.HandlerFunc, methods ...string) http.Handler {
	return k.handler(view, func(w http.ResponseWriter, r *http.Request) {
		e := &Refusal{http.StatusMethodNotAllowed, i18n.Mark("This address does not take such requests.")}
		if method := methodName(r); method != "" {
			e.Sentence = k.Translator(w, r).T("This address does not take %(method)s requests.", "method",
				method)
		}
		k.Refuse(w, r, e)
	}, methods...)
}

// HandlerOr is Handler with a view for the methods that are not named.
func (k *Kit) HandlerOr(view, otherwise http.HandlerFunc, methods ...string) http.Handler {
	return k.handler(k.fresh(view), k.fresh(otherwise), methods...)
}

// fresh returns a view whose responses no cache keeps, and which so may show notices.
func (k *Kit) fresh(view http.HandlerFunc) http.HandlerFunc {
	fresh := func(w http.ResponseWriter, r *http.Request) {
		httptext.NeverCache(w.Header(), time.Now())
		view(w, r)
	}
	if k.config.Messages == nil {
		return fresh
	}
	return middleware.Messages(k.config.Messages)(http.HandlerFunc(fresh)).ServeHTTP
}

// handler returns a handler of a view: every response has the security headers, and
// a method that is not among those named goes to otherwise, with the header
// Allow set.
func (k *Kit) handler(view, otherwise http.HandlerFunc, methods ...string) http.Handler {
	allow := strings.Join(append(slices.Clone(methods), http.MethodOptions), ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		k.SetSecurity(header)
		if slices.Contains(methods, r.Method) {
			view(w, r)
			return
		}
		header.Set("Allow", allow)
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		otherwise(w, r)
	})
}

// SetSecurity sets the headers that every response of a page has.
func (k *Kit) SetSecurity(header http.Header) {
	for _, h := range k.security {
		header.Set(h[0], h[1])
	}
	httptext.PatchVary(header, "Accept")
}

// methodName names the method if it is a known one, or is empty.
func methodName(r *http.Request) string {
	switch r.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return r.Method
	}
	return ""
}
