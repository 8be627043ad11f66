package passkeys

import (
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/coatcheck/coatcheck/accounts"
	"github.com/coatcheck/coatcheck/i18n"
	"github.com/coatcheck/coatcheck/internal/requestinfo"
	"github.com/coatcheck/coatcheck/pages"
)

// party is the site as authenticators know it: the relying party, and the origin at which it was
// asked for.
type party struct{ id, origin string }

// Why a site has no passkeys at the address of the request.
var (
	sayNumbers = i18n.Mark("Passkeys need a name in the address of the site, and no IP address. Open the " +
		"site by its name, or on this machine at http://localhost.")
	sayPlain = i18n.Mark("Passkeys need https:// in the address of the site, and this request came by " +
		"http://. Behind a proxy, the site has to trust the proxy, which tells it.")
	sayElsewhere = i18n.Mark("The passkeys of this site do not work at this address. Open the site at its " +
		"usual address.")
)

// party returns the site for a request. The error is a *pages.Refusal that says why it cannot
// have passkeys there.
func (f *Feature) party(r *http.Request) (party, error) {
	host := strings.ToLower(requestinfo.Host(r))
	name := host
	if bare, _, err := net.SplitHostPort(host); err == nil {
		name = bare
	}
	local := name == "localhost" || strings.HasSuffix(name, ".localhost")
	p := party{f.options.RPID, requestinfo.Scheme(r) + "://" + host}
	if p.id == "" {
		p.id = name
	}
	_, numbers := netip.ParseAddr(strings.Trim(name, "[]"))
	within := name == p.id || strings.HasSuffix(name, "."+p.id) ||
		slices.Contains(f.options.Origins, p.origin)
	why := ""
	switch {
	case numbers == nil, protocol.ValidateRPID(p.id) != nil:
		why = sayNumbers
	case !local && !requestinfo.Secure(r):
		why = sayPlain
	case !within:
		why = sayElsewhere
	}
	if why != "" {
		return party{}, &pages.Refusal{Status: http.StatusConflict, Sentence: why}
	}
	return p, nil
}

// algorithms are those of keys that are accepted, the best first.
var algorithms = []protocol.CredentialParameter{
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgEdDSA},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
}

// verifier returns what checks the responses of authenticators for the site.
func (f *Feature) verifier(p party) (*webauthn.WebAuthn, error) { return newVerifier(p, f.SiteName()) }

func newVerifier(p party, name string) (*webauthn.WebAuthn, error) {
	return webauthn.New(&webauthn.Config{
		RPID: p.id, RPDisplayName: name, RPOrigins: []string{p.origin},
		AttestationPreference: protocol.PreferNoAttestation,
		// Some password managers tell more than they were asked for.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
}

// session returns what a challenge asked for, as go-webauthn takes it.
func session(c accounts.Challenge, handle []byte) webauthn.SessionData {
	return webauthn.SessionData{
		Challenge: c.Text, RelyingPartyID: c.RPID, Origin: c.Origin, UserID: handle, Expires: c.Expires,
		UserVerification: protocol.VerificationRequired, CredParams: algorithms,
	}
}

// WebAuthnID is the handle.
func (a *account) WebAuthnID() []byte { return a.handle }

// WebAuthnName is the username.
func (a *account) WebAuthnName() string { return a.user.Username }

// WebAuthnDisplayName is the name of the person, or else the username.
func (a *account) WebAuthnDisplayName() string {
	if name := a.user.FullName(); name != "" {
		return name
	}
	return a.user.Username
}

// WebAuthnCredentials are the passkeys.
func (a *account) WebAuthnCredentials() []webauthn.Credential {
	all := make([]webauthn.Credential, len(a.all))
	for i, p := range a.all {
		all[i] = webauthn.Credential{
			ID: decoded(p.Credential), PublicKey: decoded(p.PublicKey),
			Flags: webauthn.CredentialFlags{
				BackupEligible: p.BackupEligible, BackupState: p.BackedUp,
			},
			Authenticator: webauthn.Authenticator{SignCount: uint32(p.SignCount)},
		}
	}
	return all
}

// decoded returns the bytes of a column in base64url; none where it is broken, which is nobody's
// passkey.
func decoded(text string) []byte {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return data
}
