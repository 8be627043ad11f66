package passkeys

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/auth/twofactor"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/pages"
)

// Where the pages are.
const (
	URL        = pages.Path + "passkeys/"
	addURL     = URL + "add/"
	renameURL  = URL + "rename/"
	removeURL  = URL + "remove/"
	loginURL   = URL + "login/"
	confirmURL = URL + "confirm/"
)

// Method is that of the proof of a login by a passkey. The authenticator has verified the user, so
// that it counts as two factors: something that the user has, and a PIN, a face or a finger.
const Method = twofactor.MethodPasskey

//go:embed *.html *.js openapi.json
var files embed.FS

// Options are the settings of passkeys. The zero Options is right for a site at one host.
type Options struct {
	// RPID is the domain for which passkeys are made; the host of the request when empty. Set
	// it to "example.com" for passkeys that work at www.example.com and at login.example.com
	// too. Passkeys that were made for one domain do not work for another.
	RPID string
	// Origins are other sites, "https://example.org" for instance, at which the passkeys of
	// RPID work too. /.well-known/webauthn of RPID tells browsers so, and the other site is
	// served by a Coatcheck with the same RPID, Origins and database.
	Origins []string
}

// Feature is the pages.
type Feature struct {
	*pages.Kit
	accounts *accounts.Service
	options  Options
}

// New returns what makes the pages: a views.Extra. There are none without accounts, and none,
// with a warning, where the database lacks the tables.
func New(o Options) func(*pages.Kit, *accounts.Service) (pages.Feature, error) {
	return func(k *pages.Kit, a *accounts.Service) (pages.Feature, error) {
		if err := o.check(); err != nil {
			return nil, err
		}
		if a == nil {
			return nil, nil
		}
		if err := a.PasskeysReady(); err != nil {
			k.Logger().Warn("there are no passkeys", "error", err)
			return nil, nil
		}
		if k.RecentProof() >= 0 {
			k.Auth().KeepLoginTimes()
		}
		return &Feature{k, a, o}, nil
	}
}

// check refuses what cannot work.
func (o *Options) check() error {
	if o.RPID != "" && (protocol.ValidateRPID(o.RPID) != nil || strings.ToLower(o.RPID) != o.RPID) {
		return fmt.Errorf("passkeys: Options.RPID (--passkey-rp-id) is %q; write a domain in lowercase, "+
			"such as example.com, without scheme and port", o.RPID)
	}
	if len(o.Origins) > 0 && o.RPID == "" {
		return errors.New("passkeys: Options.Origins (--passkey-origin) is set without RPID " +
			"(--passkey-rp-id); set the domain for which the passkeys are made")
	}
	for _, origin := range o.Origins {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.String() != "https://"+u.Host {
			return fmt.Errorf("passkeys: Options.Origins (--passkey-origin) has %q; write "+
				"https://www.example.org, without a path", origin)
		}
	}
	return nil
}

// Files are the pages, the script, and their description.
func (*Feature) Files() fs.FS { return files }

// Routes are the addresses.
func (f *Feature) Routes() []pages.Route {
	button := func(name, path string, view http.HandlerFunc, keep ...string) pages.Route {
		return pages.Route{
			Name: name, Pattern: path, Methods: []string{http.MethodPost}, Private: true,
			Handler: f.RecentButton(view, URL, keep...),
		}
	}
	return []pages.Route{
		f.PrivatePage("passkeys", URL, f.list, pages.GET...).InMenu(i18n.Mark("Passkeys")),
		f.PrivatePage("passkey_add", addURL, f.Recent(f.add, "name"), pages.GETAndPOST...),
		button("passkey_rename", renameURL, f.rename, "id", "name"),
		button("passkey_remove", removeURL, f.remove, "id"),
		f.Page("passkey_login", loginURL, f.login, pages.GETAndPOST...),
		f.PrivatePage("passkey_confirm", confirmURL, f.confirm, pages.GETAndPOST...),
	}
}

// account is a user as go-webauthn takes one.
type account struct {
	user   *auth.User
	handle []byte
	all    []own.Passkey
}

// account returns the user with the handle and the passkeys.
func (f *Feature) account(r *http.Request, user *auth.User) (*account, error) {
	all, err := f.accounts.Passkeys(r.Context(), user)
	if err != nil {
		return nil, err
	}
	handle, err := f.accounts.PasskeyHandle(r.Context(), user.ID, true)
	return &account{user, handle, all}, err
}
