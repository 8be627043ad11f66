package devicebound

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/hooks"
	"github.com/coatcheck/coatcheck/auth/sessionkeys"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/sessions"
)

var _ hooks.Binding = (*Feature)(nil)

// boundTo returns the ID of the binding of a session that was loaded, or "", and what the session
// says of it.
func boundTo(session *sessions.Session) (id, text string) {
	text, _ = sessionkeys.Text(sessionkeys.Loaded(session), sessionkeys.Bound)
	id, _, _ = strings.Cut(text, ":")
	if len(id) != idLength {
		return "", text
	}
	return id, text
}

// Shown reports whether a request has the cookie of the device to which its session is bound, or
// the session was bound so recently that the request can have been on its way. The addresses of
// this package are for browsers that get the cookie there.
func (f *Feature) Shown(r *http.Request, session *sessions.Session) bool {
	id, text := boundTo(session)
	switch {
	case r == nil || id == "":
		return false
	case strings.HasPrefix(r.URL.Path, URL) || f.valid(text, id):
		return true
	}
	cookie, sent := httptext.Lookup(r.Header, CookieName)
	if !sent {
		return false
	}
	value, err := f.accounts.UnsignBinding(cookie)
	return err == nil && f.valid(value, id)
}

// Offer asks the browser of a login over HTTPS to make a key.
func (f *Feature) Offer(w http.ResponseWriter, r *http.Request, session *sessions.Session) error {
	if !requestinfo.Secure(r) || session.ReadOnly() {
		return nil
	}
	id := rand.Text()
	if err := session.Set(r.Context(), sessionkeys.Bind, id); err != nil {
		return err
	}
	w.Header().Set("Secure-Session-Registration", fmt.Sprintf(
		`(ES256 RS256);path="%s";challenge="%s";authorization="%s"`,
		requestinfo.Below(r, registerURL), f.challenge(forRegistration, id, 0), id))
	flow.Emit(r.Context(), "binding.offered")
	return nil
}

// skipped are the reasons that browsers give in Secure-Session-Skipped. A thief can write them too.
var skipped = []string{"quota_exceeded", "server_error", "unreachable"}

// Missed informs the user, once for each session.
func (f *Feature) Missed(r *http.Request, session *sessions.Session, user *auth.User) {
	said, _, _ := strings.Cut(r.Header.Get("Secure-Session-Skipped"), ";")
	if slices.Contains(skipped, said) {
		flow.Emit(r.Context(), "binding.skipped", slog.String("why", said))
	}
	id, _ := boundTo(session)
	f.accounts.NoticeUnbound(r, session, user, id)
}
