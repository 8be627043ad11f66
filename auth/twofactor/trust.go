package twofactor

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/coatcheck/coatcheck/auth"
	"github.com/coatcheck/coatcheck/internal/httptext"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/signing"
)

// TrustCookieName is the cookie of a browser that users trust.
const TrustCookieName = "coatcheck_trusted"

const (
	maxTrusts  = 5 // users who trust one browser
	trustSize  = 8 + sha256.Size
	trustChars = (trustSize*8 + 5) / 6 // in base64, without padding
)

// trust is an entry of the cookie: until when, and a MAC over that and the user. It names nobody.
type trust struct {
	until int64 // seconds since 1970
	mac   [sha256.Size]byte
}

// parseTrusts reads the cookie; nil where it is not well-formed.
func parseTrusts(text string) []trust {
	if text == "" || len(text) > maxTrusts*(trustChars+1) {
		return nil
	}
	var all []trust
	for part := range strings.SplitSeq(text, ".") {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || len(raw) != trustSize || len(all) == maxTrusts {
			return nil
		}
		t := trust{until: int64(binary.BigEndian.Uint64(raw))}
		copy(t.mac[:], raw[8:])
		all = append(all, t)
	}
	return all
}

// printTrusts writes the cookie.
func printTrusts(all []trust) string {
	parts := make([]string, len(all))
	for i, t := range all {
		raw := append(binary.BigEndian.AppendUint64(nil, uint64(t.until)), t.mac[:]...)
		parts[i] = base64.RawURLEncoding.EncodeToString(raw)
	}
	return strings.Join(parts, ".")
}

// signed is what the MAC of an entry is over: it ends with the password, with the factors, and with the
// sessions of the user.
func (t *trust) signed(user *auth.User, has factors, ending int64) string {
	secrets := has.secrets()
	return fmt.Sprintf("%d:%d:%d:%s%d:%s%s", t.until, ending, len(user.ID), user.ID,
		len(secrets), secrets, user.Password.Encoded())
}

func sum(m *signing.MAC, text string) (mac [sha256.Size]byte) {
	m.Sum(mac[:0], text)
	return mac
}

// ofUser reports whether the entry is the user's, by the secret key or an old one.
func (s *Service) ofUser(t *trust, user *auth.User, has factors, ending int64) bool {
	found, signed := 0, t.signed(user, has, ending)
	for _, m := range s.trust {
		mac := sum(m, signed)
		found |= subtle.ConstantTimeCompare(mac[:], t.mac[:])
	}
	return found == 1
}

// isTrusted reports whether the browser of a request is one that the user trusts.
func (s *Service) isTrusted(r *http.Request, user *auth.User, has factors) (bool, error) {
	text, _ := httptext.Lookup(r.Header, TrustCookieName)
	all := parseTrusts(text)
	if len(all) == 0 {
		return false, nil
	}
	ending, err := s.ending(r, user)
	if err != nil {
		return false, err
	}
	now := s.now()
	for i := range all {
		until := time.Unix(all[i].until, 0)
		// Not after the longest time of now, since the setting may have become shorter.
		good := now.Before(until) && !until.After(now.Add(s.options.TrustDevices))
		if good && s.ofUser(&all[i], user, has, ending) {
			return true, nil
		}
	}
	return false, nil
}

// Trust lets the browser of a request be one that the user trusts, by a cookie of the response. It
// belongs before the first byte of the response. Where no device can be trusted, or the user has no
// factor, it does nothing. A new password, another app and every ending of the user's sessions end it.
func (s *Service) Trust(w http.ResponseWriter, r *http.Request, user *auth.User) error {
	has, err := s.factorsOf(r.Context(), user)
	if err != nil || has.none() || s.options.TrustDevices == 0 {
		return err
	}
	ending, err := s.ending(r, user)
	if err != nil {
		return err
	}
	mine := trust{until: s.now().Add(s.options.TrustDevices).Unix()}
	mine.mac = sum(s.trust[0], mine.signed(user, has, ending))
	all := []trust{mine}
	text, _ := httptext.Lookup(r.Header, TrustCookieName)
	for _, t := range parseTrusts(text) {
		if len(all) < maxTrusts && !s.ofUser(&t, user, has, ending) && s.now().Unix() < t.until {
			all = append(all, t)
		}
	}
	age := int(s.options.TrustDevices / time.Second)
	cookie := httptext.SetCookie{
		Name: TrustCookieName, Value: printTrusts(all), Path: requestinfo.Below(r, "/"), MaxAge: &age,
		HttpOnly: true, SameSite: "Lax", Secure: requestinfo.Secure(r),
	}
	line, err := cookie.String(s.now())
	if err != nil {
		return fmt.Errorf("twofactor: cookie: %w", err)
	}
	w.Header().Add("Set-Cookie", line)
	httptext.Private(w.Header())
	return nil
}
