package oidc

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The limits of tokens.
const (
	maxToken      = 64 << 10 // bytes
	maxSubject    = 255      // ASCII characters (OpenID Connect Core 1.0, 2)
	maxName       = 254      // bytes of what an account is called
	skew          = time.Minute
	logoutLife    = time.Hour // of a logout token that would live longer
	logoutEvent   = "http://schemas.openid.net/event/backchannel-logout"
	logoutType    = "logout+jwt"
	maxIdentifier = 255 // bytes of sid and jti
)

// claims is what tokens say.
type claims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	Party     string   `json:"azp"`
	Expiry    instant  `json:"exp"`
	IssuedAt  instant  `json:"iat"`
	NotBefore instant  `json:"nbf"`
	Nonce     string   `json:"nonce"`
	Session   string   `json:"sid"`

	Email         string  `json:"email"`
	EmailVerified boolean `json:"email_verified"`
	Username      string  `json:"preferred_username"`
	Name          string  `json:"name"`
	GivenName     string  `json:"given_name"`
	FamilyName    string  `json:"family_name"`

	ID     string                     `json:"jti"`
	Events map[string]json.RawMessage `json:"events"`

	names map[string]json.RawMessage // of the claims that are there
}

// audience is one text or several.
type audience []string

// UnmarshalJSON reads both.
func (a *audience) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(a))
}

// boolean is true, or "true" as some providers write it.
type boolean bool

// UnmarshalJSON reads both.
func (b *boolean) UnmarshalJSON(data []byte) error {
	*b = string(data) == "true" || string(data) == `"true"`
	return nil
}

// instant is a time in seconds since 1970, with or without a fraction.
type instant struct{ time.Time }

// UnmarshalJSON refuses what is no time of these centuries.
func (i *instant) UnmarshalJSON(data []byte) error {
	var seconds float64
	if err := json.Unmarshal(data, &seconds); err != nil {
		return err
	}
	if seconds <= 0 || seconds > 1e11 {
		return errors.New("oidc: a time is out of range")
	}
	i.Time = time.Unix(int64(seconds), 0)
	return nil
}

// parseClaims reads the payload of a token.
func parseClaims(payload []byte) (*claims, error) {
	c := &claims{}
	if err := json.Unmarshal(payload, c); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(payload, &c.names); err != nil {
		return nil, err
	}
	return c, nil
}

// wrong is why a token or a response is refused: a word for the flow and the log.
type wrong string

// Error is the word.
func (w wrong) Error() string { return "oidc: wrong " + string(w) }

// check reports what is wrong with an ID token (OpenID Connect Core 1.0, 3.1.3.7), or nil.
func (c *claims) check(p *Provider, nonce string, now time.Time) error {
	switch {
	case subtle.ConstantTimeCompare([]byte(c.Nonce), []byte(nonce)) != 1 || nonce == "":
		return wrong("nonce")
	case !identifier(c.Subject, maxSubject):
		return wrong("subject")
	case c.Session != "" && !identifier(c.Session, maxIdentifier):
		return wrong("session")
	}
	return c.checkOrigin(p, now)
}

// checkOrigin reports what is wrong with who made a token, for whom and when.
func (c *claims) checkOrigin(p *Provider, now time.Time) error {
	switch {
	case c.Issuer != p.Issuer:
		return wrong("issuer")
	case !slices.Contains(c.Audience, p.ClientID):
		return wrong("audience")
	case len(c.Audience) > 1 && c.Party == "", c.Party != "" && c.Party != p.ClientID:
		return wrong("authorized party")
	case c.Expiry.IsZero() || !now.Before(c.Expiry.Add(skew)):
		return wrong("expiry")
	case c.IssuedAt.IsZero() || c.IssuedAt.After(now.Add(skew)):
		return wrong("time of issue")
	case c.NotBefore.After(now.Add(skew)):
		return wrong("time to begin")
	}
	return nil
}

// checkLogout reports what is wrong with a logout token (OpenID Connect Back-Channel Logout 1.0,
// 2.6), or nil. The time is the end of the token, until which it must not be used again.
func (c *claims) checkLogout(p *Provider, typ string, now time.Time) (until time.Time, err error) {
	var event map[string]json.RawMessage
	_, hasNonce := c.names["nonce"]
	switch {
	case !logoutTyped(typ):
		return until, wrong("type")
	case hasNonce:
		return until, wrong("nonce")
	case json.Unmarshal(c.Events[logoutEvent], &event) != nil || event == nil:
		return until, wrong("event")
	case !identifier(c.ID, maxIdentifier):
		return until, wrong("token ID")
	case c.Subject == "" && c.Session == "", c.Subject != "" && !identifier(c.Subject, maxSubject),
		c.Session != "" && !identifier(c.Session, maxIdentifier):
		return until, wrong("subject")
	}
	if err := c.checkOrigin(p, now); err != nil {
		return until, err
	}
	until = c.Expiry.Time
	if most := c.IssuedAt.Add(logoutLife); until.After(most) {
		until = most
	}
	if until = until.Add(skew); !now.Before(until) {
		return until, wrong("expiry")
	}
	return until, nil
}

// logoutTyped reports whether a token of the type may be a logout token. Providers that are older
// than the type write none, or JWT.
func logoutTyped(typ string) bool {
	typ = strings.TrimPrefix(strings.ToLower(typ), "application/")
	return typ == logoutType || typ == "jwt" || typ == ""
}

// typeOf returns the typ in the header of a token.
func typeOf(token string) (string, error) {
	head, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return "", err
	}
	var header struct {
		Type string `json:"typ"`
	}
	err = json.Unmarshal(raw, &header)
	return header.Type, err
}

// identifier reports whether a text is one by which providers name things: of visible ASCII
// characters, as many as may be.
func identifier(text string, most int) bool {
	return text != "" && len(text) <= most && !strings.ContainsFunc(text, func(c rune) bool {
		return c < ' ' || c > '~'
	})
}

// shownName is what the account at the provider is called: the address, or a name.
func (c *claims) shownName() string {
	for _, name := range []string{c.Email, c.Username, c.Name} {
		name = strings.TrimSpace(name)
		if name != "" && len(name) <= maxName && utf8.ValidString(name) &&
			!strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return name
		}
	}
	return ""
}
