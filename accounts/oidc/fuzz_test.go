package oidc

import (
	"strings"
	"testing"
	"time"
)

// FuzzClaims: whatever a token says, no check panics, and what passes is what was asked for.
func FuzzClaims(f *testing.F) {
	f.Add(`{"iss":"https://login.example","sub":"1","aud":"coatcheck","nonce":"n","exp":1700000060,"iat":1700000000}`)
	f.Add(`{"iss":"https://login.example","sub":"1","aud":["coatcheck","x"],"azp":"coatcheck","exp":1.7e9,"iat":1.7e9}`)
	f.Add(`{"iss":"https://login.example","sid":"s","aud":"coatcheck","jti":"1","exp":1700000060,"iat":1700000000,` +
		`"events":{"http://schemas.openid.net/event/backchannel-logout":{}}}`)
	f.Add(`{"aud":null,"exp":-1,"email_verified":"true","events":[]}`)
	f.Add(`[]`)
	p := &Provider{Name: "example", Issuer: "https://login.example", ClientID: "coatcheck"}
	now := time.Unix(1700000000, 0)
	f.Fuzz(func(t *testing.T, payload string) {
		c, err := parseClaims([]byte(payload))
		if err != nil {
			return
		}
		if c.check(p, "n", now) == nil {
			if c.Issuer != p.Issuer || c.Nonce != "n" || c.Subject == "" || len(c.Subject) > maxSubject ||
				!c.Expiry.After(now.Add(-skew)) {
				t.Errorf("accepted as an ID token: %s", payload)
			}
		}
		if until, err := c.checkLogout(p, logoutType, now); err == nil {
			if _, has := c.names["nonce"]; has || c.ID == "" || c.Subject+c.Session == "" || !until.After(now) ||
				until.After(now.Add(logoutLife+2*skew)) {
				t.Errorf("accepted as a logout token until %v: %s", until, payload)
			}
		}
		if name := c.shownName(); len(name) > maxName || strings.ContainsRune(name, '\n') {
			t.Errorf("shown: %q", name)
		}
	})
}

// FuzzType: no header of a token makes the look at its type panic.
func FuzzType(f *testing.F) {
	f.Add("eyJ0eXAiOiJsb2dvdXQrand0In0.e30.x")
	f.Add("....")
	f.Fuzz(func(t *testing.T, token string) {
		if typ, err := typeOf(token); err == nil && logoutTyped(typ) && strings.Contains(typ, "at+") {
			t.Errorf("%q of %q", typ, token)
		}
	})
}
