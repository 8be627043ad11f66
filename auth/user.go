package auth

import (
	"fmt"
	"log/slog"
	"net/http"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
)

// User is a row of auth_user, or an anonymous visitor.
type User = database.User

// AnonymousUser returns the user of a request that nobody is signed in to
// (Django: AnonymousUser). Its ID and Username are empty.
func AnonymousUser() *User { return &User{} }

// Credentials are what somebody signs in with. They never print the password.
type Credentials struct {
	Username string
	Password string `json:"-"`
	// RemoteUser is whom the web server in front of the site has checked. Never fill
	// it from what a visitor sends: a backends.RemoteUser believes it.
	RemoteUser string `json:"-"`
	// Extra contains what backends of one's own ask for, by name.
	Extra map[string]string `json:"-"`
	// Request is the HTTP request that brought them, or nil.
	Request *http.Request `json:"-"`
}

// String hides everything but the username.
func (c Credentials) String() string { return fmt.Sprintf("credentials of %q", c.Username) }

// GoString hides everything but the username.
func (c Credentials) GoString() string { return c.String() }

// LogValue hides everything but the username.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// client is the attribute "client" of a log line: the address of the client, as trusted
// proxies tell it, without a port. There is none where nobody knows the address.
func client(r *http.Request) slog.Attr {
	if r == nil {
		return slog.Attr{}
	}
	address := requestinfo.Client(r)
	if !address.IsValid() {
		return slog.Attr{}
	}
	return slog.String("client", address.String())
}

// userAttr is the attribute "user" of a log line: the ID of a user, or none.
func userAttr(id string) slog.Attr {
	if id == "" {
		return slog.Attr{}
	}
	return slog.String("user", id)
}

// cleansed is what Django puts in the place of a secret.
const cleansed = "********************"

// cleanedExtra returns Extra as hooks may see it.
func (c Credentials) cleanedExtra() map[string]string {
	extra := make(map[string]string, len(c.Extra))
	for name, value := range c.Extra {
		if sensitive(name) {
			value = cleansed
		}
		extra[name] = value
	}
	return extra
}
