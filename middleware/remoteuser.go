package middleware

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/flow"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// RemoteUserConfig specifies how a web server in front names the user whom it checked.
// All but Persistent is required: who may send the header may be anybody.
type RemoteUserConfig struct {
	// Header is the header that names the user, such as "X-Remote-User". The web
	// server must set it or remove it on every request. Django: header, where it
	// is written HTTP_X_REMOTE_USER; REMOTE_USER is of CGI, and no header.
	Header string
	// Trusted are the web servers, as in ProxyConfig.Trusted: addresses, networks
	// and "unix". The header of everybody else is removed.
	Trusted []string
	// Persistent keeps users signed in on requests without the header, for sites
	// where only the login page has it. Django: PersistentRemoteUserMiddleware.
	Persistent bool
}

// RemoteUser signs in whom the web server in front names, and logs out whom it
// names no more (Django: RemoteUserMiddleware). The service
// must have a backends.RemoteUser. It stands inside Authentication. The texts
// that web servers write for nobody, and values that they joined, name nobody. Two
// lines of the header, of which one may be an unknown client's, are refused with 400.
func RemoteUser(service *auth.Service, c RemoteUserConfig) (func(http.Handler) http.Handler, error) {
	name, err := headerName(c.Header)
	switch {
	case service == nil:
		return nil, errors.New("middleware: RemoteUser needs the auth service")
	case err != nil:
		return nil, fmt.Errorf("middleware: RemoteUserConfig.Header: %w", err)
	case name == "":
		return nil, errors.New("middleware: RemoteUserConfig.Header is empty; name the header, such as X-Remote-User")
	case len(c.Trusted) == 0:
		return nil, errors.New("middleware: RemoteUserConfig.Trusted is empty, so nobody could be believed; " +
			"name the address of the web server in front, such as 127.0.0.1")
	}
	trusted, err := newProxies(ProxyConfig{Trusted: c.Trusted})
	if err != nil {
		return nil, err
	}
	u := &remoteUser{auth: service, header: name, trusted: trusted, persistent: c.Persistent, warned: &sync.Once{}}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r = u.cleanse(r)
			if len(r.Header[name]) > 1 {
				flow.Emit(r.Context(), "remote.refused")
				Say(w, r, http.StatusBadRequest, i18n.Mark("The web server in front of this site named two users at once."))
				return
			}
			if err := u.apply(r); err != nil {
				Fail(w, r, err)
				return
			}
			next.ServeHTTP(w, r)
		})
	}, nil
}

type remoteUser struct {
	auth       *auth.Service
	header     string
	trusted    *proxies
	persistent bool
	warned     *sync.Once // of a text that names nobody
}

// cleanse removes the header where an unknown client sent it.
func (u *remoteUser) cleanse(r *http.Request) *http.Request {
	if len(r.Header[u.header]) == 0 || u.trusted.trustsPeer(r, requestinfo.Peer(r)) {
		return r
	}
	flow.Emit(r.Context(), "remote.not_trusted", slog.String("peer", r.RemoteAddr))
	logger(r).WarnContext(r.Context(), "a header naming a user came from a peer that is not trusted; it was removed",
		"header", u.header, "peer", r.RemoteAddr)
	cleansed := r.WithContext(r.Context())
	cleansed.Header = r.Header.Clone()
	cleansed.Header.Del(u.header)
	return cleansed
}

// apply sets the request's user to the one whom the header names.
func (u *remoteUser) apply(r *http.Request) error {
	values := r.Header[u.header]
	switch {
	case len(values) > 0 && namesNobody(values[0]):
		u.warn(r, values[0])
		return u.auth.LoginRemote(r, "")
	case len(values) > 0:
		return u.auth.LoginRemote(r, values[0])
	case u.persistent:
		return nil
	}
	return u.auth.LogoutRemote(r)
}

// namesNobody reports whether a text is what a web server writes where it has no user:
// Apache's "(null)" of a variable that is not set, the "-" of logs, a placeholder that was
// not replaced, or several values that were joined. An account by such a name would be
// that of every visitor. The name of a certificate has commas too, and an equals sign.
func namesNobody(text string) bool {
	text = strings.TrimSpace(text)
	switch strings.ToLower(text) {
	case "(null)", "-":
		return true
	}
	if strings.Contains(text, ",") && !strings.Contains(text, "=") {
		return true
	}
	return strings.HasPrefix(text, "$") || strings.HasPrefix(text, "%{") || strings.HasPrefix(text, "%[") ||
		strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}")
}

// warn reports once what the web server sends for nobody.
func (u *remoteUser) warn(r *http.Request, text string) {
	flow.Emit(r.Context(), "remote.nobody", slog.String("text", logText(text)))
	u.warned.Do(func() {
		logger(r).WarnContext(r.Context(), "the web server in front sent a text that names nobody as the remote user, so nobody is signed in by it; "+
			"let it send the user's name, or remove the header where it has none", "header", u.header, "text", logText(text))
	})
}
