package devicebound

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/database/own"
	"github.com/coatcheck/coatcheck/pages"
)

// Where browsers prove that they have the key. No page leads there.
const (
	URL         = pages.Path + "device/"
	registerURL = URL + "register/"
	refreshURL  = URL + "refresh/"
)

// CookieName is the name of the cookie of a device, which lives for Options.Life. The prefix lets
// browsers take it over HTTPS and from this host alone.
const CookieName = "__Host-coatcheck_device"

// DefaultLife is Options.Life where it is 0.
const DefaultLife = 10 * time.Minute

// The limits of Options.Life.
const (
	minLife = time.Second
	maxLife = 24 * time.Hour
)

//go:embed openapi.json
var files embed.FS

// Options are the settings of sessions that are bound to devices.
type Options struct {
	// Life is how long the cookie of a device is valid, and so how long a stolen session is
	// worth something: DefaultLife when 0. Browsers limit how often they use the key, so that
	// much less than ten minutes costs users their session.
	Life time.Duration
}

// Feature is the two addresses.
type Feature struct {
	*pages.Kit
	accounts *accounts.Service
	options  Options
	now      func() time.Time
}

// New returns what makes the feature: a views.Extra. There is none without accounts, and none,
// with a warning, where the database lacks the table or other hosts get the cookie of sessions.
func New(o Options) func(*pages.Kit, *accounts.Service) (pages.Feature, error) {
	return func(k *pages.Kit, a *accounts.Service) (pages.Feature, error) {
		if o.Life == 0 {
			o.Life = DefaultLife
		}
		if o.Life < minLife || o.Life > maxLife {
			return nil, fmt.Errorf("devicebound: Options.Life (--device-bound) is %v; it must be between "+
				"%v and %v, and ten minutes are good", o.Life, minLife, maxLife)
		}
		if a == nil {
			return nil, nil
		}
		if err := a.BindingsReady(); err != nil {
			missing := (*own.MissingError)(nil)
			if errors.As(err, &missing) {
				err = missing
			}
			k.Logger().Info("sessions are not bound to devices", "error", err)
			return nil, nil
		}
		f := &Feature{k, a, o, time.Now}
		k.Auth().BindSessions(f)
		return f, nil
	}
}

// Files have the description of the addresses.
func (*Feature) Files() fs.FS { return files }

// Routes are the addresses. Pages of other sites cannot send what they ask for, a header, and
// browsers send no token.
func (f *Feature) Routes() []pages.Route {
	register := f.Page("device_register", registerURL, f.register, http.MethodPost)
	refresh := f.Page("device_refresh", refreshURL, f.refresh, http.MethodPost)
	register.NoToken, refresh.NoToken = true, true
	return []pages.Route{register, refresh}
}
