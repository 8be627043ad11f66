package devicebound_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/coatcheck/coatcheck/accounts/devicebound"
	"github.com/coatcheck/coatcheck/internal/softdevice"
)

type members = map[string]any

// TestWrongRegistrations: a registration that is not right to the letter binds nothing, and signs
// nobody out.
func TestWrongRegistrations(t *testing.T) {
	r := newRig(t)
	r.CreateUser("ada", canary)
	r.CreateUser("eve", canary)
	key := func(bits int) members {
		d, err := softdevice.New(bits)
		if err != nil {
			t.Fatal(err)
		}
		return d.JWK()
	}
	private, small := key(0), key(1024)
	private["d"] = private["x"]
	off := key(0)
	off["y"] = off["x"]
	short := key(0)
	short["x"] = short["x"].(string)[:20]
	even := key(2048)
	even["e"] = "Ag"
	for name, bend := range map[string]struct{ head, claims members }{
		"another type":             {head: members{"typ": "JWT"}},
		"no type":                  {head: members{"typ": nil}},
		"no algorithm":             {head: members{"alg": "none"}},
		"a shared secret":          {head: members{"alg": "HS256"}},
		"the other algorithm":      {head: members{"alg": "RS256"}},
		"an extension":             {head: members{"crit": []string{"x"}}},
		"no key":                   {head: members{"jwk": nil}},
		"another key":              {head: members{"jwk": key(0)}},
		"a private key":            {head: members{"jwk": private}},
		"a point off the curve":    {head: members{"jwk": off}},
		"a short coordinate":       {head: members{"jwk": short}},
		"a small modulus":          {head: members{"jwk": small, "alg": "RS256"}},
		"another exponent":         {head: members{"jwk": even, "alg": "RS256"}},
		"no challenge":             {claims: members{"jti": nil}},
		"another challenge":        {claims: members{"jti": "x"}},
		"no authorization":         {claims: members{"authorization": nil}},
		"another authorization":    {claims: members{"authorization": strings.Repeat("A", 26)}},
		"a number for a challenge": {claims: members{"jti": 1}},
		"very much":                {claims: members{"x": strings.Repeat("x", 4096)}},
	} {
		t.Run(name, func(t *testing.T) {
			b := r.browser(0)
			offer := b.login("ada")
			b.Head, b.Claims = bend.head, bend.claims
			if got := b.register(offer); got.StatusCode != http.StatusBadRequest {
				t.Errorf("%d", got.StatusCode)
			}
			b.wantIn("after that", true)
			r.clock.move(pastLife)
			b.wantIn("later", true)
		})
	}
	t.Run("the challenge of another session", func(t *testing.T) {
		b := r.browser(0)
		b.login("ada")
		if got := b.register(r.browser(0).login("eve")); got.StatusCode != http.StatusBadRequest {
			t.Errorf("%d", got.StatusCode)
		}
	})
	t.Run("an old challenge", func(t *testing.T) {
		b := r.browser(0)
		offer := b.login("ada")
		r.clock.move(pastLife + pastLife)
		if got := b.register(offer); got.StatusCode != http.StatusBadRequest {
			t.Errorf("%d", got.StatusCode)
		}
	})
	t.Run("nobody", func(t *testing.T) {
		b, c := r.browser(0), r.browser(0)
		if got := c.register(b.login("ada")); got.StatusCode != http.StatusBadRequest {
			t.Errorf("%d", got.StatusCode)
		}
	})
}

// TestWrongProofs: a refresh with a wrong proof gives no cookie, and the right one still does.
func TestWrongProofs(t *testing.T) {
	r := newRig(t)
	r.CreateUser("ada", canary)
	b, other := r.bind("ada", 0), r.bind("ada", 0)
	wrong := func(name string, status int, d *softdevice.Device) {
		t.Helper()
		proof, err := d.Prove()
		if err != nil {
			t.Fatal(err)
		}
		got := b.send(http.MethodPost, refreshURL, "", "Sec-Secure-Session-Id", b.ID, "Secure-Session-Response", proof)
		if got.StatusCode != status || got.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v", name, got.StatusCode, got.Header)
		}
	}
	stranger, err := softdevice.New(0)
	if err != nil {
		t.Fatal(err)
	}
	stranger.Challenge = b.Challenge
	wrong("another key", http.StatusBadRequest, stranger)
	for name, bend := range map[string]members{
		"another type": {"typ": "JWT"}, "no algorithm": {"alg": "none"}, "another algorithm": {"alg": "RS256"},
	} {
		b.Head = bend
		wrong(name, http.StatusBadRequest, b.Device)
	}
	b.Head = nil
	mine := b.Challenge
	for name, challenge := range map[string]string{
		"the challenge of another session": other.Challenge, "an arbitrary one": "x",
		"the cookie as a challenge": b.cookie(devicebound.CookieName),
	} {
		b.Challenge = challenge
		wrong(name, http.StatusForbidden, b.Device)
	}
	b.Challenge = mine
	r.clock.move(devicebound.DefaultLife)
	if got := b.prove(); got.StatusCode != http.StatusOK {
		t.Errorf("the right one: %d", got.StatusCode)
	}
	b.Challenge = mine
	wrong("a challenge for the second time", http.StatusForbidden, b.Device)
}

// TestWrongCookies: only a cookie that the site signed for the binding shows the device.
func TestWrongCookies(t *testing.T) {
	r := newRig(t)
	r.CreateUser("ada", canary)
	b, other := r.bind("ada", 0), r.bind("ada", 0)
	r.clock.move(pastLife)
	b.prove()
	other.prove()
	good := b.cookie(devicebound.CookieName)
	for name, value := range map[string]string{
		"none": "", "that of another session": other.cookie(devicebound.CookieName), "a challenge": b.Challenge,
		"another time": strings.Replace(good, ":1", ":2", 1), "no signature": good[:strings.LastIndex(good, ":")],
		"much": strings.Repeat("x", 3000),
	} {
		thief := b.thief("sessionid")
		got := thief.send(http.MethodGet, profileURL, "", "Cookie", devicebound.CookieName+"="+value)
		if got.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, got.StatusCode)
		}
	}
	thief := b.thief("sessionid")
	got := thief.send(http.MethodGet, profileURL, "", "Cookie", devicebound.CookieName+"="+good)
	if got.StatusCode != http.StatusOK {
		t.Errorf("the right one: %d", got.StatusCode)
	}
}

// FuzzProof reads arbitrary proofs, of which none verifies by a key that never signed.
func FuzzProof(f *testing.F) {
	d, err := softdevice.New(0)
	if err != nil {
		f.Fatal(err)
	}
	proof, err := d.Register(softdevice.Registration{Challenge: "x", Authorization: "y"})
	if err != nil {
		f.Fatal(err)
	}
	never, err := softdevice.New(0)
	if err != nil {
		f.Fatal(err)
	}
	known, err := json.Marshal(never.JWK())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(proof)
	f.Add(`"` + proof + `"`)
	f.Add(strings.Replace(proof, ".", "..", 1))
	f.Add("e30.e30.")
	f.Fuzz(func(t *testing.T, value string) {
		if challenge, err := devicebound.ReadProof(value, "", ""); err == nil && challenge == "" {
			t.Error("a proof without a challenge")
		}
		if _, err := devicebound.ReadProof(value, "ES256", string(known)); err == nil {
			t.Error("a proof by a key that never signed")
		}
	})
}
