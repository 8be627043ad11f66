package passkeys

import (
	"net/http"

	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/pages"
)

// WellKnown are documents below /.well-known/ of the host: where passkeys are added and managed,
// for password managers (W3C, Passkey Endpoints), and with Options.Origins the sites at which the
// passkeys work too, for browsers (WebAuthn 3, Related Origin Requests).
func (f *Feature) WellKnown() map[string]http.Handler {
	all := map[string]http.Handler{
		"/.well-known/passkey-endpoints": f.Cacheable(func(w http.ResponseWriter, r *http.Request) {
			pages.SameForEverybody(w, r)
			site := requestinfo.Origin(r)
			pages.JSON(w, http.StatusOK, map[string]string{
				"enroll": site + f.URL(r, "passkey_add"), "manage": site + f.URL(r, "passkeys"),
			})
		}, pages.GET...),
	}
	if len(f.options.Origins) > 0 {
		all["/.well-known/webauthn"] = f.Cacheable(func(w http.ResponseWriter, r *http.Request) {
			pages.SameForEverybody(w, r)
			pages.JSON(w, http.StatusOK, map[string][]string{"origins": f.options.Origins})
		}, pages.GET...)
	}
	return all
}
