package attempts

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/database"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/signing"
)

// The device cookie.
const (
	DeviceCookieName = "coatcheck_device"
	// DeviceCookieAge is how long a browser that is not used is known. Browsers
	// keep no cookie for more than 400 days.
	DeviceCookieAge = 365 * 24 * time.Hour

	deviceSalt  = "coatcheck.auth.device"
	maxDevices  = 5 // accounts that a browser is known to
	nonceSize   = 16
	deviceSize  = nonceSize + 32
	deviceChars = deviceSize / 3 * 4 // in base64, without padding
)

// device is an entry of the cookie: by this nonce an account knows the browser.
// The MAC is over the nonce, the user's ID and the password hash, so that it names
// nobody and ends with the password.
type device struct {
	nonce [nonceSize]byte
	mac   [deviceSize - nonceSize]byte
}

// Devices reads and writes the cookie by which accounts know browsers. It is safe for
// concurrent use.
type Devices struct {
	macs   []*signing.MAC // the first one writes
	secure bool
}

// NewDevices signs the cookie with the first key, and accepts all. Secure is the attribute of
// the cookie.
func NewDevices(secure bool, keys ...string) *Devices {
	s := &Devices{secure: secure}
	for _, key := range keys {
		s.macs = append(s.macs, signing.NewMAC(sha256.New, deviceSalt, key))
	}
	return s
}

// parseDevices reads the cookie; nil where it is not well-formed.
func parseDevices(text string) []device {
	if text == "" || len(text) > maxDevices*(deviceChars+1) {
		return nil
	}
	var all []device
	for part := range strings.SplitSeq(text, ".") {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || len(raw) != deviceSize || len(all) == maxDevices {
			return nil
		}
		var d device
		copy(d.nonce[:], raw)
		copy(d.mac[:], raw[nonceSize:])
		all = append(all, d)
	}
	return all
}

// printDevices writes the cookie.
func printDevices(all []device) string {
	parts := make([]string, len(all))
	for i, d := range all {
		parts[i] = base64.RawURLEncoding.EncodeToString(append(d.nonce[:], d.mac[:]...))
	}
	return strings.Join(parts, ".")
}

// signed is what the MAC of a device is over.
func (d *device) signed(user *database.User) string {
	return hex.EncodeToString(d.nonce[:]) + strconv.Itoa(len(user.ID)) + ":" + user.ID + user.Password.Encoded()
}

// sign returns the MAC with the secret key.
func (s *Devices) sign(d *device, user *database.User) { s.macs[0].Sum(d.mac[:0], d.signed(user)) }

// owns reports whether the device is one of the user's, by the secret key or an old
// one. It looks at all keys, whichever is the right one.
func (s *Devices) owns(d *device, user *database.User) bool {
	found, signed := 0, d.signed(user)
	for _, mac := range s.macs {
		var sum [deviceSize - nonceSize]byte
		found |= subtle.ConstantTimeCompare(mac.Sum(sum[:0], signed), d.mac[:])
	}
	return found == 1
}

// requestDevices reads the cookie of a request.
func requestDevices(r *http.Request) []device {
	if r == nil {
		return nil
	}
	text, _ := httptext.Lookup(r.Header, DeviceCookieName)
	return parseDevices(text)
}

// ownDevice is the place of the device that is the user's, or -1. It does the same
// work for a user who does not exist.
func (s *Devices) ownDevice(all []device, user *database.User) int {
	at, of := -1, user
	if of == nil {
		of = &database.User{}
	}
	for i := range all {
		if s.owns(&all[i], of) && user != nil && at < 0 {
			at = i
		}
	}
	return at
}

// Find returns the nonce of the request's browser, if the user knows it. It does the same
// work for a user who does not exist, nil.
func (s *Devices) Find(r *http.Request, user *database.User) (nonce string, known bool) {
	all := requestDevices(r)
	at := s.ownDevice(all, user)
	if at < 0 {
		return "", false
	}
	return hex.EncodeToString(all[at].nonce[:]), true
}

// Cookie returns the Set-Cookie header by which the browser is known to the user from now
// on, beside the four accounts that it was known to last. The error is about a setting of
// the cookie.
func (s *Devices) Cookie(r *http.Request, user *database.User) (string, error) {
	all := requestDevices(r)
	var own device
	if at := s.ownDevice(all, user); at >= 0 {
		own = all[at]
		all = append(all[:at:at], all[at+1:]...)
	} else {
		rand.Read(own.nonce[:]) // it never fails
	}
	s.sign(&own, user) // also where an old key had signed it
	all = append([]device{own}, all...)
	age := int(DeviceCookieAge / time.Second)
	cookie := httptext.SetCookie{
		Name: DeviceCookieName, Value: printDevices(all[:min(len(all), maxDevices)]), Path: requestinfo.Below(r, "/"), MaxAge: &age,
		HttpOnly: true, SameSite: "Lax", Secure: s.secure,
	}
	line, err := cookie.String(time.Now())
	if err != nil {
		return "", fmt.Errorf("attempts: device cookie: %w", err)
	}
	return line, nil
}
