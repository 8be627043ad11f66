package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
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
func (d *device) signed(user *User) string {
	return hex.EncodeToString(d.nonce[:]) + strconv.Itoa(len(user.ID)) + ":" + user.ID + user.Password.Encoded()
}

// sign makes the MAC with the secret key.
func (s *Service) sign(d *device, user *User) { s.devices[0].Sum(d.mac[:0], d.signed(user)) }

// owns says whether the device is one of the user's, by the secret key or an old
// one. It looks at all keys, whichever is the right one.
func (s *Service) owns(d *device, user *User) bool {
	found, signed := 0, d.signed(user)
	for _, mac := range s.devices {
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
func (s *Service) ownDevice(all []device, user *User) int {
	at, of := -1, user
	if of == nil {
		of = AnonymousUser()
	}
	for i := range all {
		if s.owns(&all[i], of) && user != nil && at < 0 {
			at = i
		}
	}
	return at
}

// device gives the nonce of the request's browser, where the user knows it.
func (s *Service) device(r *http.Request, user *User) (nonce string, known bool) {
	all := requestDevices(r)
	at := s.ownDevice(all, user)
	if at < 0 {
		return "", false
	}
	return hex.EncodeToString(all[at].nonce[:]), true
}

// KnownDevice says whether the user has signed in from the request's browser
// before, with the password that is the present one.
func (s *Service) KnownDevice(r *http.Request, user *User) bool {
	_, known := s.device(r, user)
	return known
}

// KnowsDevices says whether browsers are told apart at all: where throttling is off
// they are not, and KnownDevice is always false.
func (s *Service) KnowsDevices() bool { return s.throttle.Store != nil }

// SetDeviceCookie lets the browser be known from now on as one that the user has
// signed in from: KnownDevice is true, and guesses there cost attempts of its own.
// Call it after Login and before the first byte of the response, as the account
// pages do. A browser is known to the five accounts that signed in last. Where
// throttling is off it does nothing. The error is about a setting of the cookie.
//
// The cookie names no account: who has it learns at most how many there are. A
// password that was changed, or hashed anew, makes every device a stranger.
func (s *Service) SetDeviceCookie(w http.ResponseWriter, r *http.Request, user *User) error {
	if !s.KnowsDevices() {
		return nil
	}
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
		HttpOnly: true, SameSite: "Lax", Secure: s.throttle.CookieSecure,
	}
	line, err := cookie.String(time.Now())
	if err != nil {
		return fmt.Errorf("auth: device cookie: %w", err)
	}
	w.Header().Add("Set-Cookie", line)
	httptext.Private(w.Header())
	return nil
}
